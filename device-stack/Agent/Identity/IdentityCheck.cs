using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;

namespace IoTPlatform.Agent;

/// <summary>Keeps a wrong answer from replacing a good identity: own key, own name, chain to the known root, in date.</summary>
internal static class IdentityCheck
{
    public static DeviceIdentity Accept(EnrollResponse answer, ECDsa key, string deviceId, RootTrust root, DateTimeOffset now)
    {
        try
        {
            var certificate = Pem.ParseCertificate(answer.Certificate);
            var chain = CertificateChain.ParsePem(answer.CaChain);
            Check(certificate, key, deviceId);
            var verdict = ChainVerifier.Verify(certificate, chain.Intermediates, [root.Root], CertificatePurpose.ClientAuth, now);
            return verdict.IsValid
                ? DeviceIdentity.Create(Copy(key), certificate, chain)
                : throw Refused($"its chain does not verify: {verdict.Reason}");
        }
        catch (Exception e) when (e is PkiException or CryptographicException)
        {
            throw Refused(e.Message, e);
        }
    }

    private static void Check(X509Certificate2 certificate, ECDsa key, string deviceId)
    {
        if (!certificate.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(key.ExportSubjectPublicKeyInfo()))
            throw Refused("it is for another key");
        if (SubjectNames.FromCertificate(certificate).CommonName != deviceId)
            throw Refused("it is for another device");
    }

    private static ECDsa Copy(ECDsa key) => ECDsa.Create(key.ExportParameters(includePrivateParameters: true));

    private static AgentException Refused(string why, Exception? inner = null) => new($"the tenant answered a certificate this device cannot use: {why}", inner);
}
