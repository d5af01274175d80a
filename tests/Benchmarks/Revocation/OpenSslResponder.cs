using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Benchmarks.Ledger;
using IoTPlatform.LocalServices;
using IoTPlatform.Testing;

namespace IoTPlatform.Benchmarks.Revocation;

/// <summary><c>openssl ocsp</c> as a responder, with an index of as many certificates under the same serial numbers.</summary>
internal sealed class OpenSslResponder : IAsyncDisposable
{
    /// <summary>More would take the machine's memory.</summary>
    public const int MostIssued = 1_000_000;

    private readonly TempFolder _folder = new();
    private ProcessUnderTest? _process;

    private OpenSslResponder(X509Certificate2 issuer, Uri url) => (Issuer, Url) = (issuer, url);

    public X509Certificate2 Issuer { get; }

    public Uri Url { get; }

    public int ProcessId => _process!.Id;

    public static async Task<OpenSslResponder> StartAsync(string openssl, int issued, int revokedOneIn, CancellationToken cancellationToken)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Benchmark CA", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        var now = TimeProvider.System.GetUtcNow();
        var port = FreePort.Next();
        var peer = new OpenSslResponder(request.CreateSelfSigned(now.AddHours(-1), now.AddDays(30)), new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}/")));
        await File.WriteAllTextAsync(peer._folder.Combine("ca.pem"), peer.Issuer.ExportCertificatePem(), cancellationToken);
        await File.WriteAllTextAsync(peer._folder.Combine("ca.key"), key.ExportPkcs8PrivateKeyPem(), cancellationToken);
        await File.WriteAllLinesAsync(peer._folder.Combine("index.txt"), Enumerable.Range(1, issued).Select(number => Line(number, number % revokedOneIn == 0, now)), cancellationToken);
        peer._process = ProcessUnderTest.Start(
            openssl,
            [
                "ocsp", "-index", peer._folder.Combine("index.txt"), "-CA", peer._folder.Combine("ca.pem"), "-rsigner", peer._folder.Combine("ca.pem"), "-rkey", peer._folder.Combine("ca.key"),
                "-port", port.ToString(CultureInfo.InvariantCulture), "-ndays", "1",
            ]);
        await peer.UntilItAnswersAsync(cancellationToken);
        return peer;
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { } process)
        {
            await process.DisposeAsync();
        }

        Issuer.Dispose();
        _folder.Dispose();
    }

    private static string Line(int number, bool isRevoked, DateTimeOffset now) => string.Create(
        CultureInfo.InvariantCulture,
        $"{(isRevoked ? 'R' : 'V')}\t{now.AddDays(30):yyMMddHHmmss}Z\t{(isRevoked ? $"{now:yyMMddHHmmss}Z,keyCompromise" : "")}\t{Convert.ToHexString(BenchedLedger.SerialOf(number).AsSpan().TrimStart((byte)0))}\tunknown\t/CN=bench-{number}");

    /// <summary>It reads the index first.</summary>
    private async Task UntilItAnswersAsync(CancellationToken cancellationToken)
    {
        using var http = new HttpClient();
        var load = new OcspLoad(http, Url, Issuer);
        while (true)
        {
            try
            {
                await load.AskAsync(BenchedLedger.SerialOf(1), cancellationToken);
                return;
            }
            catch (HttpRequestException) when (!_process!.HasExited)
            {
                await Task.Delay(100, cancellationToken);
            }
        }
    }
}
