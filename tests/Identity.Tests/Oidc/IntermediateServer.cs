using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.LocalServices;
using IoTPlatform.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;

namespace IoTPlatform.Identity.Tests.Oidc;

/// <summary>A server certified by an intermediate, which it sends along: as a tenant would under the platform's root.</summary>
internal sealed class IntermediateServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private IntermediateServer(WebApplication app, Uri url, string rootOnly, string rootAndIntermediate)
    {
        _app = app;
        Url = url;
        RootOnly = rootOnly;
        RootAndIntermediate = rootAndIntermediate;
    }

    public Uri Url { get; }

    public string RootOnly { get; }

    public string RootAndIntermediate { get; }

    /// <param name="folder">Gets the two files.</param>
    /// <param name="isOfRoot">The root itself has signed its certificate, past the intermediate.</param>
    public static async Task<IntermediateServer> StartAsync(TempFolder folder, bool isOfRoot = false)
    {
        using var root = Issue("CN=Root", null, isCa: true);
        using var intermediate = Issue("CN=Intermediate", root, isCa: true);
        var leaf = Issue("CN=127.0.0.1", isOfRoot ? root : intermediate, isCa: false);
        var rootOnly = folder.Combine("root.pem");
        var both = folder.Combine("both.pem");
        await File.WriteAllTextAsync(rootOnly, root.ExportCertificatePem());
        await File.WriteAllTextAsync(both, root.ExportCertificatePem() + "\n" + intermediate.ExportCertificatePem());
        var chain = SslStreamCertificateContext.Create(leaf, [X509CertificateLoader.LoadCertificate(intermediate.RawData)], offline: true);

        var port = FreePort.Next();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port, listen => listen.UseHttps(
            new TlsHandshakeCallbackOptions { OnConnection = _ => ValueTask.FromResult(new SslServerAuthenticationOptions { ServerCertificateContext = chain }) })));
        var app = builder.Build();
        app.MapGet("/", () => Results.Text("{}"));
        await app.StartAsync();
        return new IntermediateServer(app, new Uri($"https://127.0.0.1:{port.ToString(CultureInfo.InvariantCulture)}/"), rootOnly, both);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private static X509Certificate2 Issue(string name, X509Certificate2? issuer, bool isCa)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(isCa, false, 0, critical: true));
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        if (issuer is null)
        {
            var now = TimeProvider.System.GetUtcNow();
            return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(2));
        }

        // As long as the issuer: a moment of its own could be the second after.
        using var certificate = request.Create(issuer, issuer.NotBefore, issuer.NotAfter, RandomNumberGenerator.GetBytes(16));
        return certificate.CopyWithPrivateKey(key);
    }
}
