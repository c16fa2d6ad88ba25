"use client";

import { type FormEvent, useCallback, useEffect, useState } from "react";

import { submit } from "@/lib/submit";

type Task = { id: string; title: string; completed: boolean };

async function call<T>(path: string, body?: object): Promise<T> {
  const response = await (body ? submit(path, body) : fetch(`/api/backend/${path}`));
  if (response.status === 422) throw new Error("A task needs a title of at most 200 characters.");
  if (!response.ok) throw new Error(`The server answered ${response.status}.`);
  return response.json();
}

export function TaskList() {
  const [tasks, setTasks] = useState<Task[] | null>(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");

  const refresh = useCallback(async (change?: Promise<unknown>) => {
    try {
      await change;
      setTasks(await call<Task[]>("tasks"));
      setError("");
    } catch (reason) {
      setError(String(reason));
    }
  }, []);

  useEffect(() => void refresh(), [refresh]);

  async function add(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = event.currentTarget;
    setBusy(true);
    await refresh(call("tasks", { title: new FormData(form).get("title") }));
    setBusy(false);
    form.reset();
  }

  return (
    <>
      <form onSubmit={add}>
        <input name="title" aria-label="New task" placeholder="New task" maxLength={200} required />
        <button disabled={busy}>Add</button>
      </form>
      {error && <p role="alert">{error}</p>}
      {tasks?.length === 0 && <p>No tasks yet.</p>}
      <ul>
        {tasks?.map((task) => (
          <li key={task.id} className={task.completed ? "done" : ""}>
            <span>{task.title}</span>
            {!task.completed && <button className="quiet" onClick={() => refresh(call(`tasks/${task.id}/complete`, {}))}>Complete</button>}
          </li>
        ))}
      </ul>
    </>
  );
}
