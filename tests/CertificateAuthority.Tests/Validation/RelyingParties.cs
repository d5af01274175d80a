using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using IoTPlatform.Pki;
using IoTPlatform.Testing;

namespace IoTPlatform.CertificateAuthority.Tests.Validation;

/// <summary>One certificate of each fate below a tenant's Sub-CA, with everything that a foreign verifier reads, as files in <see cref="Folder"/>.</summary>
public sealed class RelyingParties : IAsyncLifetime
{
    public const string Good = "good";
    public const string Revoked = "revoked";
    public const string Held = "held";

    /// <summary>Signed by the Sub-CA, and in no ledger.</summary>
    public const string Unknown = "unknown";
    public const string Expired = "expired";

    /// <summary>By another CA of the same name.</summary>
    public const string WrongIssuer = "wrong-issuer";

    private static readonly HttpClient Plain = new();
    private readonly TempFolder _folder = new();

    public static IReadOnlyList<string> All { get; } = [Good, Revoked, Held, Unknown, Expired, WrongIssuer];

    public ValidationHost Host { get; } = new();

    public string Folder => _folder.Path;

    public async Task InitializeAsync()
    {
        await Host.InitializeAsync();
        foreach (var name in new[] { Good, Revoked, Held })
        {
            using var certificate = await Host.Tenant.EnrollAsync(name + ".test");
            Write(name, certificate);
            if (name != Good)
            {
                await ValidationHost.RevokeAsync(Host.Tenant, certificate.SerialNumberBytes.ToArray(), name == Held ? RevocationReason.CertificateHold : RevocationReason.KeyCompromise);
            }
        }

        var now = TimeProvider.System.GetUtcNow();
        Sign(Unknown, now.AddMinutes(-5), now.AddHours(1));
        Sign(Expired, now.AddHours(-2), now.AddHours(-1));
        SignElsewhere();
        var chain = Host.Tenant.Authority.Chain;
        var subCa = Host.Tenant.Authority.Issuers.Active.Certificate;
        Write("sub-ca.pem", subCa.ExportCertificatePem());
        Write("intermediate.pem", Host.Ca.Authority.Issuers.Active.Certificate.ExportCertificatePem());
        Write("root.pem", chain.Root.ExportCertificatePem());
        Write("trust.pem", string.Concat(new[] { "sub-ca.pem", "intermediate.pem", "root.pem" }.Select(file => File.ReadAllText(_folder.Combine(file)) + "\n")));
        await WriteListsAsync();
    }

    public async Task DisposeAsync()
    {
        await Host.DisposeAsync();
        _folder.Dispose();
    }

    public string Path(string file) => _folder.Combine(file);

    /// <summary>The complete lists of all three issuers, as they are now: <c>lists.pem</c>, and each in DER.</summary>
    public async Task WriteListsAsync()
    {
        var text = new StringBuilder();
        foreach (var (name, keyId, host) in new[]
        {
            ("root", Host.Ca.Authority.Active.RootKeyId, Host.Ca), ("intermediate", Host.Ca.Authority.Active.Active.KeyId, Host.Ca), ("sub-ca", Host.Tenant.Authority.Active.Active.KeyId, Host.Tenant),
        })
        {
            var list = await Plain.GetByteArrayAsync(new Uri(host.Module.Options.Validation!.Base, $"crl/{Convert.ToHexStringLower(keyId)}.crl"));
            await File.WriteAllBytesAsync(_folder.Combine(name + ".crl"), list);
            text.Append(PemEncoding.WriteString("X509 CRL", list)).Append('\n');
        }

        Write("lists.pem", text.ToString());
    }

    public void Write(string file, string content) => File.WriteAllText(_folder.Combine(file), content);

    private void Write(string name, X509Certificate2 certificate)
    {
        using var key = certificate.GetECDsaPrivateKey()!;
        Write(name + ".pem", certificate.ExportCertificatePem());
        Write(name + ".key", key.ExportPkcs8PrivateKeyPem());
        Write(name + "-chain.pem", certificate.ExportCertificatePem() + "\n" + Host.Tenant.Authority.Issuers.Active.Certificate.ExportCertificatePem() + "\n");
    }

    private void Sign(string name, DateTimeOffset notBefore, DateTimeOffset notAfter)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var csr = CertificateSigningRequest.Of(key);
        var signer = Host.Tenant.Authority.Issuers.Active;
        using var certificate = X509CertificateLoader.LoadCertificate(signer.Issue(signer.Prepare(new CertificateTemplate
        {
            Profile = Profiles.Leaf,
            SubjectPublicKeyInfo = csr.SubjectPublicKeyInfo,
            Key = csr.Key,
            Names = SubjectNames.FromSans(name + ".test", [name + ".test"]),
            NotBefore = notBefore,
            NotAfter = notAfter,
            Validation = Host.Tenant.Module.Options.Validation,
        })).Der.ToArray());
        using var own = certificate.CopyWithPrivateKey(key);
        Write(name, own);
    }

    private void SignElsewhere()
    {
        using var caKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var name = Host.Tenant.Authority.Issuers.Active.Certificate.SubjectName;
        var now = TimeProvider.System.GetUtcNow();
        var request = new CertificateRequest("CN=wrong-issuer.test", key, HashAlgorithmName.SHA256);
        using var certificate = request.Create(name, X509SignatureGenerator.CreateForECDsa(caKey), now.AddMinutes(-5), now.AddHours(1), SerialNumber.Create(DateTimeOffset.UnixEpoch));
        using var own = certificate.CopyWithPrivateKey(key);
        Write(WrongIssuer, own);
    }
}
