using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;

namespace IoTPlatform.Agent;

/// <summary>The device's key with its certificate and issuers; one PEM text, so that key and certificate can only change together.</summary>
public sealed class DeviceIdentity : IDisposable
{
    private const string KeyLabel = "PRIVATE KEY";

    private DeviceIdentity(ECDsa key, X509Certificate2 certificate, CertificateChain chain)
    {
        Key = key;
        Certificate = certificate;
        Chain = chain;
        // In UTC as they are written: X509Certificate2 gives them in the zone that the runtime has cached.
        var parsed = ParsedCertificate.Parse(certificate.RawData);
        (NotBefore, NotAfter) = (parsed.NotBefore, parsed.NotAfter);
    }

    /// <summary>With its private key.</summary>
    public X509Certificate2 Certificate { get; }
    public CertificateChain Chain { get; }
    public DateTimeOffset NotBefore { get; }
    public DateTimeOffset NotAfter { get; }
    internal ECDsa Key { get; }

    public static DeviceIdentity Parse(string pem)
    {
        var (key, certificates) = Split(pem);
        return Create(key, certificates[0], new CertificateChain(certificates.Skip(1)));
    }

    internal static DeviceIdentity Create(ECDsa key, X509Certificate2 certificate, CertificateChain chain) =>
        new(key, certificate.CopyWithPrivateKey(key), chain);

    internal string ToPem() =>
        new StringBuilder(Key.ExportPkcs8PrivateKeyPem()).Append('\n').Append(Pem.Certificate(Certificate.RawData)).Append(Chain.Pem).ToString();

    internal bool HasKey(ECDsa other) => Key.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(other.ExportSubjectPublicKeyInfo());

    public void Dispose()
    {
        Certificate.Dispose();
        Key.Dispose();
    }

    private static (ECDsa Key, IReadOnlyList<X509Certificate2> Certificates) Split(string pem)
    {
        var found = PemEncoding.TryFind(pem, out var fields);
        if (!found || pem[fields.Label] != KeyLabel)
        {
            throw new PkiException(PkiError.Malformed, "an identity starts with its private key");
        }

        var key = ECDsa.Create();
        key.ImportFromPem(pem.AsSpan(fields.Location));
        return (key, Pem.ParseCertificates(pem[fields.Location.End..].Trim() + "\n"));
    }
}
