# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What can be done with tasks. Every change writes its event in the same transaction."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from sqlmodel import Session, select

from models import OutboxEvent, Task, new_id, now

# What the API and the tools accept. PostgreSQL stores no NUL in a text.
Title = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]*[^\s\x00][^\x00]*$")]
Description = Annotated[str, Field(max_length=2000, pattern=r"^[^\x00]*$")]


def add_event(session: Session, event_type: str, task: Task) -> None:
    event_id = new_id()
    payload = {
        "event_id": event_id,
        "event_type": event_type,
        "task_id": task.id,
        "user_id": task.user_id,
        "title": task.title,
        "timestamp": now().isoformat(),
    }
    session.add(OutboxEvent(event_id=event_id, payload=payload))


def create_task(session: Session, user_id: str, title: str, description: str = "") -> Task:
    task = Task(user_id=user_id, title=title.strip(), description=description)
    session.add(task)
    add_event(session, "task.created", task)
    return task


def list_tasks(session: Session, user_id: str) -> list[Task]:
    return list(session.exec(select(Task).where(Task.user_id == user_id).order_by(Task.created_at)).all())


def find_task(session: Session, user_id: str, task_id: str) -> Task | None:
    return session.exec(select(Task).where(Task.user_id == user_id, Task.id == task_id)).first()


def complete_task(session: Session, task: Task) -> None:
    """Completing twice is no second event."""
    if task.completed:
        return
    task.completed = True
    session.add(task)
    add_event(session, "task.completed", task)
