"""A throw-away certificate authority, and kubeconfig files made with it."""

import datetime as dt
import ipaddress
from pathlib import Path

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

_LIFETIME = dt.timedelta(days=7)
_HOSTS: list[x509.GeneralName] = [
    x509.DNSName("localhost"),
    x509.DNSName("kubernetes.default.svc"),
    x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
]
_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)
_Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


class Authority:
    """Signs certificates and keeps all its files in ``folder``; ``ca`` is its own certificate."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._key = ec.generate_private_key(ec.SECP256R1())
        name = _subject("kmigrate-testbed", "")
        builder = _builder(name, self._key).issuer_name(name)
        for extension in _authority_extensions():
            builder = builder.add_extension(extension, critical=True)
        own_id = x509.SubjectKeyIdentifier.from_public_key(self._key.public_key())
        builder = builder.add_extension(own_id, critical=False)
        self._certificate = builder.sign(self._key, hashes.SHA256())
        self.ca = folder / "ca.crt"
        self.ca.write_bytes(_pem(self._certificate))

    def issue(self, name: str, user: str, group: str = "") -> tuple[Path, Path]:
        """Write NAME.crt and NAME.key for a user, or a server on loopback; return both paths."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(_subject(user, group), key).issuer_name(self._certificate.subject)
        authority_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        for extension in (x509.SubjectAlternativeName(_HOSTS), authority_id):
            builder = builder.add_extension(extension, critical=False)
        certificate = builder.sign(self._key, hashes.SHA256())
        files = self.folder / f"{name}.crt", self.folder / f"{name}.key"
        files[0].write_bytes(_pem(certificate))
        files[1].write_bytes(_key_pem(key))
        return files

    def service_account_key(self) -> tuple[Path, Path]:
        """Write the pair that signs and checks service account tokens: public, private."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        files = self.folder / "sa.pub", self.folder / "sa.key"
        public = serialization.PublicFormat.SubjectPublicKeyInfo
        files[0].write_bytes(key.public_key().public_bytes(serialization.Encoding.PEM, public))
        files[1].write_bytes(_key_pem(key))
        return files

    def kubeconfig(self, name: str, server: str, user: str, group: str = "") -> Path:
        """Write NAME.kubeconfig for ``user``, with a certificate of that user's own."""
        certificate, key = self.issue(name, user, group)
        login = {"client-certificate": str(certificate), "client-key": str(key)}
        return write_kubeconfig(self.folder / f"{name}.kubeconfig", server, self.ca, login)


def write_kubeconfig(path: Path, server: str, ca: Path, login: dict[str, str]) -> Path:
    """Write a kubeconfig with one context, called ``testbed``; ``login`` is its user entry."""
    name = "testbed"
    cluster = {"server": server, "certificate-authority": str(ca)}
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": cluster}],
        "users": [{"name": name, "user": login}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
    }
    path.write_text(yaml.safe_dump(content))
    path.chmod(0o600)
    return path


def _authority_extensions() -> tuple[x509.ExtensionType, ...]:
    """What strict verifiers, Python's from 3.13 on, ask of an authority."""
    usage = dict.fromkeys(_USAGES, False) | {"key_cert_sign": True, "crl_sign": True}
    return x509.BasicConstraints(ca=True, path_length=None), x509.KeyUsage(**usage)


def _subject(user: str, group: str) -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, user)]
    if group:
        attributes.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, group))
    return x509.Name(attributes)


def _builder(subject: x509.Name, key: _Key) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # A clock that is a little behind must not find it not yet valid.
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + _LIFETIME)
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: _Key) -> bytes:
    encoding = serialization.Encoding.PEM
    return key.private_bytes(
        encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
