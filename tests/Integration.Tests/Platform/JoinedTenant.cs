using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Join;
using IoTPlatform.Integration.Tests.RabbitMq;
using IoTPlatform.Pki;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;

namespace IoTPlatform.Integration.Tests.Platform;

/// <summary>A tenant's keys and what the provider made of them; uses its Sub-CA key as it likes.</summary>
internal sealed class JoinedTenant : IDisposable
{
    private readonly ECDsa _subCaKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly ECDsa _bridgeKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public JoinBundle Bundle { get; private set; } = null!;

    /// <summary>Key, certificate, issuers.</summary>
    public string BridgePem => Pem(_bridgeKey, Bundle.MqttBridgeCert + Bundle.CaChain);

    /// <summary>The Sub-CA's own key and certificate, as if they were a client's.</summary>
    public string SubCaPem => Pem(_subCaKey, Bundle.SignedCert + Bundle.CaChain);

    /// <summary>Asks again while the provider can't do it yet, as a tenant does: the message bus comes back in its own time after a restart of the broker.</summary>
    public static async Task<JoinedTenant> JoinAsync(ProviderStack provider, string tenantId)
    {
        var tenant = new JoinedTenant();
        var joinKey = (await provider.PrepareAsync(tenantId)).JoinKey;
        await Waiting.UntilAsync(async () =>
        {
            try
            {
                await tenant.JoinWithAsync(provider, joinKey);
                return true;
            }
            catch (ApiException e) when (e.Status == 503)
            {
                return false;
            }
        });
        return tenant;
    }

    /// <summary>One call. Throws <see cref="ApiException"/> for what the provider refuses or can't do yet.</summary>
    public async Task JoinWithAsync(ProviderStack provider, string joinKey, string? bridgeName = null)
    {
        using var client = ProviderClient.Create(provider.Url, provider.Trust.Provider(), timeout: TimeSpan.FromSeconds(60));
        Bundle = await client.JoinAsync(joinKey, new JoinRequest
        {
            SubCaCsr = CertificateSigningRequest.CreatePem(_subCaKey, new SubjectNames()),
            MqttBridgeCsr = bridgeName is null
                ? CertificateSigningRequest.CreatePem(_bridgeKey, new SubjectNames())
                : new CertificateRequest(new X500DistinguishedName("CN=" + bridgeName), _bridgeKey, HashAlgorithmName.SHA256).CreateSigningRequestPem(),
        });
    }

    /// <summary>A client certificate of this Sub-CA with any CN and URI, and the whole chain behind it.</summary>
    public string Forge(string commonName, Uri? uri = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var issuer = X509Certificate2.CreateFromPem(Bundle.SignedCert);
        var request = new CertificateRequest(new X500DistinguishedName("CN=" + commonName), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(Oids.ClientAuth)], false));
        if (uri is not null)
        {
            var names = new SubjectAlternativeNameBuilder();
            names.AddUri(uri);
            request.CertificateExtensions.Add(names.Build());
        }

        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(issuer, true, false));
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = request.Create(issuer.SubjectName, X509SignatureGenerator.CreateForECDsa(_subCaKey), now.AddMinutes(-1), now.AddHours(1), SerialNumber.Create(DateTimeOffset.UnixEpoch));
        return Pem(key, certificate.ExportCertificatePem() + "\n" + Bundle.SignedCert + Bundle.CaChain);
    }

    /// <summary>A certificate that says what the bridge's does, of another key, as the Intermediate CA's key, or another one, would sign it; none of it is on record.</summary>
    public string CopyOfTheBridges(ECDsa caKey, DateTimeOffset notBefore, DateTimeOffset notAfter)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var model = X509Certificate2.CreateFromPem(Bundle.MqttBridgeCert);
        var request = new CertificateRequest(model.SubjectName, key, HashAlgorithmName.SHA256);
        foreach (var extension in model.Extensions.Where(extension => extension is not X509SubjectKeyIdentifierExtension))
        {
            request.CertificateExtensions.Add(extension);
        }

        using var certificate = request.Create(model.IssuerName, X509SignatureGenerator.CreateForECDsa(caKey), notBefore, notAfter, SerialNumber.Create(DateTimeOffset.UnixEpoch));
        return Pem(key, certificate.ExportCertificatePem() + "\n" + Bundle.CaChain);
    }

    /// <summary>A certificate that says what the bridge's does, of another key, by an issuer with its key, and that issuer behind it unless it is the root.</summary>
    public string CopyOfTheBridges(X509Certificate2 issuer)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var model = X509Certificate2.CreateFromPem(Bundle.MqttBridgeCert);
        var request = new CertificateRequest(model.SubjectName, key, HashAlgorithmName.SHA256);
        foreach (var extension in model.Extensions.Where(extension => extension is not (X509SubjectKeyIdentifierExtension or X509AuthorityKeyIdentifierExtension)))
        {
            request.CertificateExtensions.Add(extension);
        }

        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(issuer, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = request.Create(issuer.SubjectName, X509SignatureGenerator.CreateForECDsa(issuer.GetECDsaPrivateKey()!), now.AddMinutes(-5), now.AddHours(1), SerialNumber.Create(DateTimeOffset.UnixEpoch));
        return Pem(key, certificate.ExportCertificatePem() + "\n" + (issuer.Subject == issuer.Issuer ? "" : issuer.ExportCertificatePem() + "\n") + Bundle.RootCaCert);
    }

    public Mosquitto Bridge(RabbitMqServer broker) => new(broker, BridgePem);

    public void Dispose()
    {
        _subCaKey.Dispose();
        _bridgeKey.Dispose();
    }

    private static string Pem(ECDsa key, string certificates) => key.ExportPkcs8PrivateKeyPem() + "\n" + certificates;
}
