using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;

namespace IoTPlatform.Agent;

/// <summary>Keeps a wrong answer from replacing a good identity: own key, own name in the pinned tenant, signed by a Sub-CA of that tenant below the known root, in date.</summary>
internal static class IdentityCheck
{
    /// <param name="answer">Of enrol or renew.</param>
    /// <param name="key">The device's own.</param>
    /// <param name="deviceId">The device's own.</param>
    /// <param name="tenant">The pinned tenant.</param>
    /// <param name="now">By the device's clock.</param>
    public static DeviceIdentity Accept(EnrollResponse answer, ECDsa key, string deviceId, PinnedTenant tenant, DateTimeOffset now)
    {
        try
        {
            var certificate = Pem.ParseCertificate(answer.Certificate);
            var chain = CertificateChain.ParsePem(answer.CaChain);
            Check(certificate, key, deviceId);
            if (DeviceVerifier.FindViolation(certificate, chain.Intermediates, tenant.Root.Root, tenant.TrustDomain, deviceId, tenant.RevokedSubCas, tenant.RevokedIntermediates, now) is { } violation)
            {
                throw Refused(violation);
            }

            return DeviceIdentity.Create(Copy(key), certificate, chain);
        }
        catch (Exception e) when (e is PkiException or CryptographicException)
        {
            throw Refused(e.Message, e);
        }
    }

    private static void Check(X509Certificate2 certificate, ECDsa key, string deviceId)
    {
        if (!certificate.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(key.ExportSubjectPublicKeyInfo()))
        {
            throw Refused("it is for another key");
        }

        if (SubjectNames.FromCertificate(certificate).CommonName != deviceId)
        {
            throw Refused("it is for another device");
        }
    }

    private static ECDsa Copy(ECDsa key) => ECDsa.Create(key.ExportParameters(includePrivateParameters: true));

    private static AgentException Refused(string why, Exception? inner = null) => new($"the tenant answered a certificate this device cannot use: {why}", inner);
}
