/** Next.js awaits this before it serves the first request. */
export async function register() {
  if (process.env.NEXT_RUNTIME === "nodejs") {
    const { migrate } = await import("@/lib/migrate");
    await migrate();
  }
}
