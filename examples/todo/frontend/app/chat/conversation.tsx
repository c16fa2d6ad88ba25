"use client";

import { type FormEvent, useState } from "react";

import { type Message, streamAnswer } from "./stream";

export function Conversation() {
  const [messages, setMessages] = useState<Message[]>([]);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");

  async function send(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = event.currentTarget;
    const content = String(new FormData(form).get("message"));
    const asked: Message[] = [...messages, { role: "user", content }];
    form.reset();
    setError("");
    setBusy(true);
    setMessages(asked);
    try {
      await streamAnswer(content, messages, (answer) => setMessages([...asked, { role: "assistant", content: answer }]));
    } catch (reason) {
      setError(String(reason));
    }
    setBusy(false);
  }

  return (
    <>
      {messages.map(({ role, content }, index) => <p key={index} className={`message ${role}`}>{content}</p>)}
      {error && <p role="alert">{error}</p>}
      <form onSubmit={send}>
        <input name="message" aria-label="Message" placeholder="Add a task to buy milk" maxLength={8000} required />
        <button disabled={busy}>Send</button>
      </form>
    </>
  );
}
