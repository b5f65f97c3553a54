"""A throw-away Kafka of one node that also listens with TLS, with SASL, and with both.

Certificates are made by openssl in the cluster's folder. Names and passwords of users are the caller's.
"""

import subprocess

from support.brokers import Kafka

LISTENERS = ("SSL", "SASL_PLAINTEXT", "SASL_SSL")
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")


def openssl(folder, *arguments):
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True, text=True)


def make_authority(folder, name):
    """NAME.pem and NAME.key: a certificate that signs others."""
    openssl(folder, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
            "-keyout", f"{name}.key", "-out", f"{name}.pem")
    return folder / f"{name}.pem"


def make_certificate(folder, name, authority, subject_alternative="IP:127.0.0.1"):
    """NAME.chain: the key and the certificate signed by the authority, in one PEM file."""
    (folder / f"{name}.ext").write_text(f"subjectAltName={subject_alternative}\n")
    openssl(folder, "req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout", f"{name}.key",
            "-out", f"{name}.csr")
    openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-CA", f"{authority}.pem", "-CAkey", f"{authority}.key",
            "-CAcreateserial", "-days", "2", "-extfile", f"{name}.ext", "-out", f"{name}.pem")
    chain = folder / f"{name}.chain"
    chain.write_text((folder / f"{name}.key").read_text() + (folder / f"{name}.pem").read_text())
    return chain


def settings(chain, users):
    """Of a broker with all three listeners. `users`: {name: password}, for PLAIN."""
    module = "org.apache.kafka.common.security"
    plain = " ".join(f'user_{name}="{password}"' for name, password in users.items())
    found = {"ssl.keystore.type": "PEM", "ssl.keystore.location": str(chain)}
    for listener in ("sasl_plaintext", "sasl_ssl"):
        prefix = f"listener.name.{listener}."
        found[prefix + "sasl.enabled.mechanisms"] = ",".join(MECHANISMS)
        found[prefix + "plain.sasl.jaas.config"] = f"{module}.plain.PlainLoginModule required {plain};"
        for mechanism in MECHANISMS[1:]:
            found[prefix + mechanism.lower() + ".sasl.jaas.config"] = f"{module}.scram.ScramLoginModule required;"
    return found


class SecuredKafka(Kafka):
    """`authority`: the file that clients need to trust it; `stranger`: one that did not sign its certificate."""

    def __init__(self, users, label="secured"):
        super().__init__(nodes=1, label=label, listeners=LISTENERS)
        folder = self.workspace.path
        self.authority, self.stranger = make_authority(folder, "authority"), make_authority(folder, "stranger")
        self._brokers.settings.update(settings(make_certificate(folder, "broker", "authority"), users))
