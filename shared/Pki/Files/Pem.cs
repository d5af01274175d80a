using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;

namespace IoTPlatform.Pki.Files;

/// <summary>PEM text (RFC 7468) of certificates.</summary>
public static class Pem
{
    public const int MaxChars = 256 * 1024;

    /// <summary>One block, lines of 64, "\n" after every line and at the end.</summary>
    public static string Certificate(ReadOnlySpan<byte> der) => throw new NotImplementedException();

    public static string Certificates(IEnumerable<X509Certificate2> certificates) => throw new NotImplementedException();

    /// <summary>Exactly one certificate.</summary>
    public static X509Certificate2 ParseCertificate(string pem) => throw new NotImplementedException();

    /// <summary>One or more certificates, in order; any other label is refused.</summary>
    public static ImmutableArray<X509Certificate2> ParseCertificates(string pem) => throw new NotImplementedException();
}
