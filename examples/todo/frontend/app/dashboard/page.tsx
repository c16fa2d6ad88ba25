import { Navigation } from "@/app/navigation";
import { requireUser } from "@/lib/session";

import { TaskList } from "./task-list";

export default async function Dashboard() {
  const user = await requireUser();
  return (
    <main>
      <Navigation email={user.email} />
      <h1>Tasks</h1>
      <TaskList />
    </main>
  );
}
