import { Navigation } from "@/app/navigation";
import { requireUser } from "@/lib/session";

import { Conversation } from "./conversation";

export default async function Chat() {
  const user = await requireUser();
  return (
    <main>
      <Navigation email={user.email} />
      <h1>Chat</h1>
      <Conversation />
    </main>
  );
}
