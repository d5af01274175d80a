using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;
using IoTPlatform.Pki.Signing;

namespace IoTPlatform.CertificateAuthority;

/// <summary>One start with the root key, or with the settings of a root of others, puts another Intermediate CA in the place of this one.</summary>
/// <param name="Serial">Of the one to be replaced: once another one is in its place, nothing is left to do.</param>
/// <param name="IsCompromised">It is revoked in the root's list, and not only superseded.</param>
public sealed record IntermediateReplacement(byte[] Serial, bool IsCompromised)
{
    public const string Setting = "IOT_REPLACE_INTERMEDIATE";
    private const string Compromised = "compromised";
    private const string Superseded = "superseded";

    /// <summary>Null: none is wanted.</summary>
    public static IntermediateReplacement? Read(SettingsReader settings)
    {
        if (settings[Setting] is not { } text)
        {
            return null;
        }

        var (why, serial) = text.Split(':', 2) is [var first, var rest] ? (first, rest) : (text, "");
        if (why is Compromised or Superseded && SerialNumber.TryParse(serial, out var bytes))
        {
            return new IntermediateReplacement(bytes, why == Compromised);
        }

        settings.Invalid(Setting, text, $"it is {Compromised}:SERIAL or {Superseded}:SERIAL, with the serial number of the Intermediate CA that is to be replaced (iot ca list --profile intermediate)");
        return null;
    }
}

/// <summary>Intermediate CAs that were replaced: each has a folder <c>intermediates/KEYID</c> with <c>certificate.crt</c> and <c>key</c>, to answer for what it has issued.</summary>
internal static class EarlierIntermediates
{
    private const string Folder = "intermediates";

    public static void Keep(DataFolder folder, System.Security.Cryptography.X509Certificates.X509Certificate2 certificate, string keyPath)
    {
        var id = IssuerInfo.FromCertificate(certificate).KeyId;
        var key = folder.Combine(Folder, id, "key");
        Folders.EnsureFor(key);
        if (!File.Exists(key))
        {
            AtomicFile.Write(key, File.ReadAllBytes(keyPath), AtomicFile.Secret);
        }

        AtomicFile.WriteText(folder.Combine(Folder, id, "certificate.crt"), Pem.Certificate(certificate.RawDataMemory.Span), AtomicFile.Public);
    }

    /// <summary>Those in date.</summary>
    public static IReadOnlyList<CaSigner> Load(DataFolder folder, CaPasswords passwords, DateTimeOffset now)
    {
        var path = folder.Combine(Folder);
        if (!Directory.Exists(path))
        {
            return [];
        }

        List<CaSigner> signers = [];
        foreach (var one in Directory.EnumerateDirectories(path).Order(StringComparer.Ordinal))
        {
            // Written last: without it the replacement has not come far, and begins again.
            if (!File.Exists(Path.Combine(one, "certificate.crt")))
            {
                continue;
            }

            var certificate = Pem.ParseCertificate(File.ReadAllText(Path.Combine(one, "certificate.crt")));
            if (certificate.NotAfterUtc() > now)
            {
                signers.Add(new CaSigner(certificate, CaKeys.Load(Path.Combine(one, "key"), passwords)));
            }
        }

        return signers;
    }
}
