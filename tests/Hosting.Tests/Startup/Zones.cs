using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Pki;

namespace IoTPlatform.Hosting.Tests.Startup;

/// <summary>The child of <see cref="TimeZoneTests"/>: judges certificates, waits for a change of the machine's zone, judges again.</summary>
internal static class Zones
{
    public static async Task RunAsync(string trigger, CancellationToken stop)
    {
        var now = TimeProvider.System.GetUtcNow();
        using var valid = SelfSigned(now.AddHours(-1), now.AddHours(1));
        using var expired = SelfSigned(now.AddHours(-4), now.AddHours(-2));
        using var early = SelfSigned(now.AddHours(2), now.AddHours(4));
        Console.WriteLine("before " + Judge(valid, expired, early));
        while (!File.Exists(trigger))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), stop);
        }

        Console.WriteLine("after " + Judge(Again(valid), Again(expired), Again(early)));
    }

    private static string Judge(params ReadOnlySpan<X509Certificate2> certificates)
    {
        var words = new List<string>();
        foreach (var certificate in certificates)
        {
            var now = TimeProvider.System.GetUtcNow();
            var ours = ChainVerifier.Verify(certificate, [], [certificate], CertificatePurpose.ServerAuth, now).IsValid;
            using var chain = new X509Chain(); // as a TLS handshake does
            chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            chain.ChainPolicy.CustomTrustStore.Add(certificate);
            chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
            words.Add($"{ours}/{chain.Build(certificate)}/{certificate.IsValidAt(now)}");
        }

        return string.Join(' ', words);
    }

    private static X509Certificate2 Again(X509Certificate2 certificate) => X509CertificateLoader.LoadCertificate(certificate.RawData);

    private static X509Certificate2 SelfSigned(DateTimeOffset from, DateTimeOffset to)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=zone.example", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("zone.example");
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], critical: false));
        return request.CreateSelfSigned(from, to);
    }
}
