import { auth } from "@/lib/auth";

const BACKEND_URL = process.env.BACKEND_URL ?? "http://backend-api:8000";

type Context = { params: Promise<{ path: string[] }> };

/** Hands a browser's request on to backend-api with the user's token, which never reaches the browser's scripts. */
async function forward(request: Request, { params }: Context) {
  const session = await auth.api.getSession({ headers: request.headers });
  if (!session) return Response.json({ detail: "sign in first" }, { status: 401 });
  const { token } = await auth.api.getToken({ headers: request.headers });
  const headers = new Headers({ authorization: `Bearer ${token}`, "content-type": "application/json" });
  const key = request.headers.get("idempotency-key");
  if (key) headers.set("idempotency-key", key);
  const path = (await params).path.map(encodeURIComponent).join("/");
  const answer = await fetch(`${BACKEND_URL}/api/${path}`, {
    method: request.method,
    headers,
    body: request.method === "GET" ? undefined : await request.text(),
    signal: request.signal,
    cache: "no-store",
  });
  const contentType = answer.headers.get("content-type") ?? "application/json";
  return new Response(answer.body, { status: answer.status, headers: { "content-type": contentType, "cache-control": "no-store" } });
}

export { forward as GET, forward as POST };
