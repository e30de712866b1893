"""Certificates for tests: made anew in each run."""

import datetime
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CLIENT, SERVER = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH
DAY = datetime.timedelta(days=1)
NO_USAGE = dict.fromkeys(("digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
                          "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"), False)


def now():
    return datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)


def subject(name, unit=None):
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, name)]
    if unit:
        parts.append(x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit))
    return x509.Name(parts)


def pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)


def key_pem(key):
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                             serialization.NoEncryption())


class Authority:
    def __init__(self, name):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = subject(name)
        builder = self.build(self.name, self.key, now() - DAY, now() + 30 * DAY, key_cert_sign=True, crl_sign=True)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        self.certificate = builder.sign(self.key, hashes.SHA256())

    def build(self, name, key, begin, end, **usages):
        """With all that RFC 5280 asks for: strict clients, as Python's from 3.13 on, look at it."""
        builder = x509.CertificateBuilder(issuer_name=self.name, subject_name=name, public_key=key.public_key(),
                                          serial_number=x509.random_serial_number(), not_valid_before=begin,
                                          not_valid_after=end)
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        builder = builder.add_extension(authority, critical=False)
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        return builder.add_extension(x509.KeyUsage(**{**NO_USAGE, **usages}), critical=True)

    def issue(self, folder, file, name, *, unit=None, usage=CLIENT, begin=None, end=None, names=()):
        """Writes FILE.pem and FILE.key; returns the certificate. `names`: of a server, besides 127.0.0.1."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = self.build(subject(name, unit), key, begin or now() - DAY, end or now() + 10 * DAY,
                             digital_signature=True)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        if usage == SERVER:
            alternatives = [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), *map(x509.DNSName, names)]
            builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        certificate = builder.sign(self.key, hashes.SHA256())
        (folder / f"{file}.key").write_bytes(key_pem(key))
        (folder / f"{file}.pem").write_bytes(pem(certificate))
        return certificate

    def revocations(self, *certificates):
        builder = x509.CertificateRevocationListBuilder(issuer_name=self.name, last_update=now() - DAY,
                                                        next_update=now() + DAY)
        for certificate in certificates:
            builder = builder.add_revoked_certificate(x509.RevokedCertificateBuilder().serial_number(
                certificate.serial_number).revocation_date(now() - DAY).build())
        return builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
