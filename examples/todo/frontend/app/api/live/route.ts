export const dynamic = "force-dynamic";

/** Liveness: this process answers. A database that is away is no reason to restart it. */
export function GET() {
  return Response.json({ status: "alive" });
}
