import { pool } from "@/lib/auth";

export const dynamic = "force-dynamic";

/** Readiness: healthy after a query to the database. */
export async function GET() {
  try {
    await pool.query("SELECT 1");
    return Response.json({ status: "healthy" });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    return Response.json({ status: "unhealthy", database: code }, { status: 503 });
  }
}
