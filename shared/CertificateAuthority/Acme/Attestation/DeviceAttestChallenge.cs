using System.Buffers.Text;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.CertificateAuthority.Acme.Challenges;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority.Acme;

/// <summary>
/// device-attest-01 (draft-ietf-acme-device-attest): a manufacturer vouches that a key is in the device of that identifier, and the certificate is for that key
/// alone. Judged while the client waits: all evidence is in its request.
/// </summary>
internal sealed class DeviceAttestChallenge : IPresentedChallenge
{
    public const string Kind = "device-attest-01";

    public string Type => Kind;

    public bool CanProve(AcmeIdentifier identifier, bool isWildcard) => identifier.Type == AcmeIdentifier.Permanent;

    public string Read(ReadOnlyMemory<byte> payload) =>
        AcmeRequest.Read(payload, AcmeJson.Default.ChallengeAttestation).AttObj is { Length: > 0 } text && Base64Url.IsValid(text) ? text : throw AcmeException.Malformed("The payload has no attObj in base64url.");

    public Task<ChallengeProof> JudgeAsync(PresentedEvidence presented, CancellationToken cancellationToken) => Task.FromResult(new ChallengeProof
    {
        Key = Verify(presented.Provisioner, Base64Url.DecodeFromChars(presented.Evidence), presented.Identifier, presented.Token, presented.Account.Thumbprint, presented.Now),
    });

    /// <summary>SHA-256 of the SubjectPublicKeyInfo of the attested key. Throws <c>badAttestationStatement</c> and <c>rejectedIdentifier</c>.</summary>
    /// <param name="provisioner">Whose roots and formats count.</param>
    /// <param name="cbor">As the client sent it.</param>
    /// <param name="identifier">That it has to be evidence of.</param>
    /// <param name="token">Of the challenge.</param>
    /// <param name="thumbprint">Of the account's key.</param>
    /// <param name="now">When.</param>
    public static byte[] Verify(AcmeProvisioner provisioner, ReadOnlyMemory<byte> cbor, AcmeIdentifier identifier, string token, string thumbprint, DateTimeOffset now)
    {
        var attestation = AttestationObject.Parse(cbor);
        if (!provisioner.AttestationFormats.Contains(attestation.Format, StringComparer.Ordinal))
        {
            throw AttestationObject.Bad($"The attestation's format is none of {string.Join(", ", provisioner.AttestationFormats)}.");
        }

        var sent = new List<X509Certificate2>();
        try
        {
            foreach (var der in attestation.Certificates)
            {
                sent.Add(X509CertificateLoader.LoadCertificate(der));
            }

            var chain = sent.Count > 0 ? ForeignChain.Verify(sent[0], sent.Skip(1), provisioner.AttestationRoots, now, out _) : throw AttestationObject.Bad("The attestation has no certificates.");
            if (!chain.IsValid)
            {
                throw AttestationObject.Bad($"The attestation's certificate does not chain to a root of the provisioner: {chain.Reason}");
            }

            var device = AttestationFormat.Verify(attestation, sent[0], token, $"{token}.{thumbprint}");
            return device.Identifiers.Contains(identifier.Value, StringComparer.Ordinal)
                ? SHA256.HashData(device.PublicKey)
                : throw AcmeException.RejectedIdentifier("The attestation is of another device.");
        }
        catch (CryptographicException e)
        {
            throw AttestationObject.Bad("A certificate of the attestation, or its key, can't be read.", e);
        }
        finally
        {
            sent.ForEach(certificate => certificate.Dispose());
        }
    }
}
