const ATTEMPTS = 4;

/** Not crypto.randomUUID, which a page over plain http does not have. */
function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Posts to backend-api. Asks again where no answer came, or where the request is still in flight: with the same key, which the
 * server executes once.
 */
export async function submit(path: string, body: object) {
  const headers = { "content-type": "application/json", "idempotency-key": newKey() };
  for (let attempt = 1; ; attempt++) {
    try {
      const response = await fetch(`/api/backend/${path}`, { method: "POST", headers, body: JSON.stringify(body) });
      if (response.status !== 409 || attempt === ATTEMPTS) return response;
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 1000 * attempt));
  }
}
