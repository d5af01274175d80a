using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using IoTPlatform.CertificateAuthority.Upstream;
using IoTPlatform.Jose;
using IoTPlatform.LocalServices;
using IoTPlatform.Pki;
using IoTPlatform.Testing;
using Microsoft.IdentityModel.Tokens;

namespace IoTPlatform.CertificateAuthority.Tests.Upstream;

/// <summary>A real step-ca to be upstream, with a JWK provisioner and an X5C provisioner for registration authorities. It can be away for a while.</summary>
internal sealed class StepCaPeer : IAsyncDisposable
{
    public const string Jwk = "ra";
    /// <summary>Its template adds a name. Its key is not handed out.</summary>
    public const string Embellishing = "ra-embellishing";

    public const string X5c = "ra-by-certificate";

    private const string Password = "registration";

    private readonly TempFolder _folder = new();
    private readonly ECDsa _clientKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly string _stepCa = Requires.Tool("step-ca");
    private ProcessUnderTest? _process;

    public Uri Url { get; private set; } = null!;

    public X509Certificate2 Root { get; private set; } = null!;

    public UpstreamOptions Options => new() { Url = Url, RootFingerprint = Fingerprint.Of(Root), Credential = UpstreamCredential.Jwk(Jwk, Password) };

    public UpstreamOptions ByCertificate => Options with { Credential = UpstreamCredential.X5c(X5c, _folder.Combine("ra.crt"), _folder.Combine("ra.key")) };

    public UpstreamOptions Embellished => Options with { Credential = new UpstreamCredential(Embellishing) { KeyFile = _folder.Combine("ra.jwk") } };

    private Dictionary<string, string?> Environment => new() { ["STEPPATH"] = _folder.Path, ["HOME"] = _folder.Path };

    public static async Task<StepCaPeer> StartAsync()
    {
        var peer = new StepCaPeer();
        var (configuration, password, address) = (peer._folder.Combine("config", "ca.json"), peer._folder.Combine("password"), $"127.0.0.1:{FreePort.Next()}");
        await File.WriteAllTextAsync(password, Password);
        (await Tools.RunAsync(
            Requires.Tool("step"), ["ca", "init", "--name", "Upstream", "--dns", "127.0.0.1", "--address", address, "--provisioner", Jwk, "--password-file", password, "--provisioner-password-file", password],
            environment: peer.Environment)).EnsureSuccess();
        var json = JsonNode.Parse(await File.ReadAllTextAsync(configuration))!;
        var provisioners = json["authority"]!["provisioners"]!.AsArray();
        provisioners[0]!["claims"] = new JsonObject { ["minTLSCertDuration"] = "10m" };
        provisioners.Add(new JsonObject { ["type"] = "X5C", ["name"] = X5c, ["roots"] = Convert.ToBase64String(Encoding.ASCII.GetBytes(await peer.MakeCredentialAsync())) });
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var jwk = JsonWebKey.FromPrivateKey(key);
        (jwk.Use, jwk.Alg, jwk.KeyId) = ("sig", "ES256", jwk.Thumbprint());
        await File.WriteAllTextAsync(peer._folder.Combine("ra.jwk"), jwk.ToJson(includePrivate: true));
        provisioners.Add(new JsonObject
        {
            ["type"] = "JWK",
            ["name"] = Embellishing,
            ["key"] = JsonNode.Parse(jwk.ToPublic().ToJson()),
            ["options"] = new JsonObject { ["x509"] = new JsonObject { ["template"] = """{"subject": {{ toJson .Subject }}, "dnsNames": ["more.test", {{ toJson (index .SANs 0).Value }}], "keyUsage": ["digitalSignature"], "extKeyUsage": ["serverAuth", "clientAuth"]}""" } },
        });
        await File.WriteAllTextAsync(configuration, json.ToJsonString());
        (peer.Url, peer.Root) = (new Uri($"https://{address}/"), X509CertificateLoader.LoadCertificateFromFile(peer._folder.Combine("certs", "root_ca.crt")));
        await peer.ComeBackAsync();
        return peer;
    }

    public async Task GoAwayAsync() => await _process!.DisposeAsync();

    public async Task ComeBackAsync()
    {
        _process = ProcessUnderTest.Start(_stepCa, ["--password-file", _folder.Combine("password"), _folder.Combine("config", "ca.json")], Environment, _folder.Path);
        await _process.WaitForLineAsync(line => line.Contains("Serving HTTPS", StringComparison.Ordinal));
    }

    /// <summary>Whether step-ca itself renews the certificate, which it does of every one that it does not know as revoked.</summary>
    public async Task<bool> RenewsAsync(X509Certificate2 certificate)
    {
        using var http = Client(certificate);
        return (await http.SendAsync("/1.0/renew", "")).Status == System.Net.HttpStatusCode.Created;
    }

    public HttpClient Client(X509Certificate2? certificate = null) => AnyServerHttp.Create(Url, [Root], certificate, TimeSpan.FromSeconds(30));

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }

        _clientKey.Dispose();
        _folder.Dispose();
    }

    /// <summary>The root of the X5C credential, PEM.</summary>
    private async Task<string> MakeCredentialAsync()
    {
        var now = TimeProvider.System.GetUtcNow();
        using var rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var rootRequest = new CertificateRequest("CN=Registration Root", rootKey, HashAlgorithmName.SHA256);
        rootRequest.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        rootRequest.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, critical: true));
        rootRequest.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(rootRequest.PublicKey, critical: false));
        using var root = rootRequest.CreateSelfSigned(now.AddDays(-1), now.AddDays(30));
        var request = new CertificateRequest("CN=Registration Authority", _clientKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(Oids.ClientAuth)], critical: false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(root, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        using var leaf = request.Create(root, now.AddDays(-1), now.AddDays(20), SerialNumber.Create(DateTimeOffset.UnixEpoch));
        await File.WriteAllTextAsync(_folder.Combine("ra.crt"), leaf.ExportCertificatePem() + "\n");
        await File.WriteAllTextAsync(_folder.Combine("ra.key"), _clientKey.ExportPkcs8PrivateKeyPem() + "\n");
        return root.ExportCertificatePem();
    }
}
