using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace IoTPlatform.Pki.Files;

/// <summary>PEM text (RFC 7468) of certificates.</summary>
public static class Pem
{
    public const int MaxChars = 256 * 1024;

    private const string CertificateLabel = "CERTIFICATE";

    /// <summary>One block, lines of 64, "\n" after every line and at the end.</summary>
    public static string Certificate(ReadOnlySpan<byte> der) => Block(CertificateLabel, der);

    public static string Certificates(IEnumerable<X509Certificate2> certificates)
    {
        var text = new StringBuilder();
        foreach (var certificate in certificates)
        {
            text.Append(Certificate(certificate.RawDataMemory.Span));
        }

        return text.ToString();
    }

    /// <summary>Exactly one certificate.</summary>
    public static X509Certificate2 ParseCertificate(string pem)
    {
        var all = ParseCertificates(pem);
        return all.Length == 1 ? all[0] : throw new PkiException(PkiError.Malformed, $"Expected one certificate, found {all.Length}.");
    }

    /// <summary>One or more certificates, in order; explanatory text around them is passed over (RFC 7468 2), any other label is refused.</summary>
    public static ImmutableArray<X509Certificate2> ParseCertificates(string pem)
    {
        if (pem.Length > MaxChars)
        {
            throw new PkiException(PkiError.TooLarge, $"The PEM text is longer than {MaxChars} characters.");
        }

        var certificates = ImmutableArray.CreateBuilder<X509Certificate2>();
        var rest = pem.AsSpan();
        while (PemEncoding.TryFind(rest, out var fields))
        {
            if (!rest[fields.Label].SequenceEqual(CertificateLabel))
            {
                throw new PkiException(PkiError.Malformed, "The PEM text holds something that is not a certificate.");
            }

            certificates.Add(Load(Convert.FromBase64String(rest[fields.Base64Data].ToString())));
            rest = rest[fields.Location.End..];
        }

        // What looks like a block but was not found as one is a damaged certificate, not explanatory text.
        if (certificates.Count == 0 || rest.Contains("-----BEGIN", StringComparison.Ordinal))
        {
            throw new PkiException(PkiError.Malformed, "The PEM text holds no certificate, or a damaged one.");
        }

        return certificates.ToImmutable();
    }

    /// <summary>The one block with one of these labels, nothing but white space around it.</summary>
    internal static byte[] DecodeSingle(ReadOnlySpan<char> pem, params ReadOnlySpan<string> labels)
    {
        if (!PemEncoding.TryFind(pem, out var fields) || !pem[..fields.Location.Start].IsWhiteSpace() || !pem[fields.Location.End..].IsWhiteSpace())
        {
            throw new PkiException(PkiError.Malformed, $"Expected exactly one PEM block '{labels[0]}' and nothing else.");
        }

        foreach (var label in labels)
        {
            if (pem[fields.Label].SequenceEqual(label))
            {
                var bytes = new byte[fields.DecodedDataLength];
                return Convert.TryFromBase64Chars(pem[fields.Base64Data], bytes, out var written) && written == bytes.Length
                    ? bytes
                    : throw new PkiException(PkiError.Malformed, "The PEM block is not valid Base64.");
            }
        }

        throw new PkiException(PkiError.Malformed, $"Expected a PEM block '{labels[0]}', found another one.");
    }

    internal static string Block(string label, ReadOnlySpan<byte> der) => PemEncoding.WriteString(label, der) + "\n";

    private static X509Certificate2 Load(byte[] der)
    {
        try
        {
            return X509CertificateLoader.LoadCertificate(der);
        }
        catch (CryptographicException e)
        {
            throw new PkiException(PkiError.Malformed, "The certificate is not readable.", e);
        }
    }
}
