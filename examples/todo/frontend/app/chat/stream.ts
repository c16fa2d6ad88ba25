import { submit } from "@/lib/submit";

export type Message = { role: "user" | "assistant"; content: string };

async function* lines(body: ReadableStream<Uint8Array>) {
  const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const parts = (rest + value).split("\n");
    rest = parts.pop() ?? "";
    yield* parts;
  }
}

/** Asks the chat and calls `show` with the answer so far, each time that it grows. */
export async function streamAnswer(message: string, history: Message[], show: (answer: string) => void) {
  const response = await submit("chat", { message, history });
  if (!response.ok || !response.body) throw new Error(`The server answered ${response.status}.`);
  let answer = "";
  for await (const line of lines(response.body)) {
    if (!line.startsWith("data: ")) continue;
    const data = JSON.parse(line.slice("data: ".length));
    if (data.message) throw new Error(data.message);
    answer += data.text ?? "";
    show(answer);
  }
}
