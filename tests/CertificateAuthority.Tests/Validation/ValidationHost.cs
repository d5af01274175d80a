using IoTPlatform.LocalServices;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;
using IoTPlatform.Testing;

namespace IoTPlatform.CertificateAuthority.Tests.Validation;

/// <summary>For tests that leave the issuers as they are.</summary>
[CollectionDefinition(nameof(SharedValidationHost))]
public sealed class SharedValidationHost : ICollectionFixture<ValidationHost>;

/// <summary>An authority that serves its revocations on a plain port of its own, and a tenant's below it; each certificate is written where OpenSSL reads it.</summary>
public sealed class ValidationHost : IAsyncLifetime
{
    private readonly TempFolder _files = new();

    public CaHost Ca { get; private set; } = null!;

    public CaHost Tenant { get; private set; } = null!;

    public Uri Base => Ca.Module.Options.Validation!.Base;

    public async Task InitializeAsync()
    {
        Requires.Tool("openssl");
        Ca = await CaHost.StartAsync(CaHost.DefaultOptions with { Validation = Loopback() });
        Tenant = await SubCaHost.StartAsync(Ca, Loopback());
    }

    public async Task DisposeAsync()
    {
        await Tenant.DisposeAsync();
        await Ca.DisposeAsync();
        _files.Dispose();
    }

    public string Write(string name, byte[] content)
    {
        var path = _files.Combine(name);
        File.WriteAllBytes(path, content);
        return path;
    }

    public string Pem(System.Security.Cryptography.X509Certificates.X509Certificate2 certificate) =>
        Write(certificate.SerialNumber + ".pem", System.Text.Encoding.ASCII.GetBytes(Pki.Files.Pem.Certificate(certificate.RawData)));

    /// <summary>The root and the issuers of a host, as one file of trust.</summary>
    public string Trust(CaHost host) => Write(
        host.RootFingerprint + host.Url.Port + ".pem",
        System.Text.Encoding.ASCII.GetBytes(string.Concat(host.Authority.Chain.Intermediates.Append(host.Root).Select(c => Pki.Files.Pem.Certificate(c.RawData)))));

    public string IssuerPem(CaHost host) => Pem(host.Authority.Issuers.Active.Certificate);

    public static Task<RevocationOutcome> RevokeAsync(CaHost host, byte[] serial, RevocationReason reason = RevocationReason.KeyCompromise) =>
        host.Authority.RevokeAsync(new Revocation { Serial = serial, ReasonCode = reason, By = "admin" }, CancellationToken.None);

    /// <summary>What OpenSSL says; it asks the plain port.</summary>
    public async Task<string> AskOcspAsync(CaHost host, string certificate, params string[] more)
    {
        var result = await Tools.RunAsync(
            Requires.Tool("openssl"),
            ["ocsp", "-issuer", IssuerPem(host), "-cert", certificate, "-CAfile", Trust(host), "-url", host.Module.Options.Validation!.Ocsp.AbsoluteUri, "-resp_text", .. more]);
        return result.Output + result.Error;
    }

    private static ValidationAddress Loopback() => new(new Uri($"http://127.0.0.1:{FreePort.Next()}/"));
}
