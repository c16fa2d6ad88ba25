# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Archives with images, as three versions of `docker save` and an OCI exporter write them."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile


def digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def layer(content: str) -> bytes:
    return tar({"file": content.encode()})


def tar(members: dict[str, bytes | str]) -> bytes:
    """A tar of files; a member that is text is a link to that place."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            if isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
            else:
                info.size = len(content)
            archive.addfile(info, None if isinstance(content, str) else io.BytesIO(content))
    return buffer.getvalue()


def config(layers: list[bytes], architecture: str = "amd64") -> bytes:
    described = {"os": "linux", "architecture": architecture, "rootfs": {"type": "layers", "diff_ids": [digest(one) for one in layers]}}
    return json.dumps(described).encode()


def docker_save(layers: list[bytes], names=("a:1",), **options) -> bytes:
    """The form of Docker before 25: a folder for each layer, one of the same content stored as a link."""
    described = config(layers, **options)
    members: dict[str, bytes | str] = {}
    first: dict[bytes, int] = {}
    for number, one in enumerate(layers):
        members[f"{number}/layer.tar"] = f"../{first[one]}/layer.tar" if one in first else one
        first.setdefault(one, number)
    name = f"{digest(described)[7:]}.json"
    manifest = [{"Config": name, "RepoTags": list(names) or None, "Layers": [f"{number}/layer.tar" for number in range(len(layers))]}]
    return tar({**members, name: described, "manifest.json": json.dumps(manifest).encode()})


def oci_layout(images: list[tuple[list[bytes], str]], name="docker.io/library/a:1", nested=False) -> bytes:
    """A layout with one image for each (layers, architecture), its layers compressed, and with an attestation."""
    blobs: dict[str, bytes] = {}

    def blob(data: bytes) -> dict:
        blobs[f"blobs/sha256/{digest(data)[7:]}"] = data
        return {"digest": digest(data), "size": len(data)}

    entries = []
    for layers, architecture in images:
        content = {"config": blob(config(layers, architecture)), "layers": [blob(gzip.compress(one, mtime=0)) for one in layers]}
        entries.append({**blob(json.dumps(content).encode()), "annotations": {"io.containerd.image.name": name}})
    entries.append({**blob(b"{}"), "annotations": {"vnd.docker.reference.type": "attestation-manifest"}})
    index = {"manifests": entries}
    if nested:
        index = {"manifests": [{**blob(json.dumps(index).encode()), "annotations": {"io.containerd.image.name": name}}]}
    return tar({"oci-layout": b"{}", "index.json": json.dumps(index).encode(), **blobs})


def unpacked(data: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return {member.name: archive.extractfile(member).read() for member in archive}
