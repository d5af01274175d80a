using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using IoTPlatform.Hosting;
using IoTPlatform.Pki.Files;
using Microsoft.Extensions.Logging;

namespace IoTPlatform.CertificateAuthority;

/// <summary>Key and chain in one file (0600), so that no crash can part a key from its certificate.</summary>
internal sealed class ServiceCertificateStore(DataFolder folder)
{
    private const string KeyLabel = "PRIVATE KEY";

    private string Path => folder.Combine("secrets", "service.pem");

    public void Save(ECDsa key, string chainPem)
    {
        Folders.EnsureFor(Path);
        AtomicFile.WriteText(Path, key.ExportPkcs8PrivateKeyPem() + "\n" + chainPem, AtomicFile.Secret);
    }

    /// <summary>Null when there is none, or nothing usable: then a new one is made.</summary>
    public (X509Certificate2 Certificate, X509Certificate2Collection Issuers)? TryLoad()
    {
        try
        {
            var pem = File.ReadAllText(Path, Encoding.ASCII);
            var keyEnd = pem.IndexOf($"-----END {KeyLabel}-----", StringComparison.Ordinal);
            if (keyEnd < 0)
            {
                return null;
            }

            var keyPem = pem[..(keyEnd + $"-----END {KeyLabel}-----".Length)];
            var certificates = Pem.ParseCertificates(pem[keyPem.Length..].Trim());
            using var key = ECDsa.Create();
            key.ImportFromPem(keyPem);
            using var leaf = certificates[0];
            return (leaf.CopyWithPrivateKey(key), [.. certificates[1..]]);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or Pki.PkiException or CryptographicException or ArgumentException)
        {
            return null;
        }
    }
}

internal static partial class ServiceCertificateLog
{
    [LoggerMessage(20, LogLevel.Information, "The HTTPS certificate is {Serial}, valid until {NotAfter:u}")]
    public static partial void Renewed(ILogger log, string serial, DateTimeOffset notAfter);

    [LoggerMessage(22, LogLevel.Error, "There is no HTTPS certificate of {Issuer}, which was imported: {Reason}")]
    public static partial void NotImported(ILogger log, string issuer, string reason);

    [LoggerMessage(21, LogLevel.Error, "The HTTPS certificate could not be renewed; the current one is valid until {NotAfter:u}. Trying again in a minute.")]
    public static partial void RenewalFailed(ILogger log, DateTimeOffset notAfter, Exception error);
}
