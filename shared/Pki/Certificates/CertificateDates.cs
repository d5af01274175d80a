using System.Formats.Asn1;
using System.Runtime.InteropServices;
using System.Security.Cryptography.X509Certificates;

namespace IoTPlatform.Pki;

/// <summary>
/// A certificate's validity as it is written in it: UTC (RFC 5280 4.1.2.5). The library's own properties, and its path validation, go through
/// local time by way of two caches, its own and the C library's, which differ after the machine's zone has changed.
/// </summary>
public static class CertificateDates
{
    private static readonly Asn1Tag Version = new(TagClass.ContextSpecific, 0, isConstructed: true);

    public static DateTimeOffset NotBeforeUtc(this X509Certificate2 certificate) => Read(certificate).NotBefore;

    public static DateTimeOffset NotAfterUtc(this X509Certificate2 certificate) => Read(certificate).NotAfter;

    /// <summary>Both ends are included (RFC 5280 4.1.2.5).</summary>
    public static bool IsValidAt(this X509Certificate2 certificate, DateTimeOffset at)
    {
        var (notBefore, notAfter) = Read(certificate);
        return notBefore <= at && at <= notAfter;
    }

    // The certificate was parsed by the library already, so this reads what is there: BER, and both forms of time for any year.
    private static (DateTimeOffset NotBefore, DateTimeOffset NotAfter) Read(X509Certificate2 certificate)
    {
        try
        {
            var tbs = new AsnReader(certificate.RawDataMemory, AsnEncodingRules.BER).ReadSequence().ReadSequence();
            if (tbs.PeekTag().HasSameClassAndValue(Version))
            {
                tbs.ReadEncodedValue();
            }

            tbs.ReadEncodedValue(); // serial number
            tbs.ReadEncodedValue(); // signature algorithm
            tbs.ReadEncodedValue(); // issuer
            var validity = tbs.ReadSequence();
            return (Time(validity), Time(validity));
        }
        catch (AsnContentException e)
        {
            throw new PkiException(PkiError.Malformed, "The certificate's validity cannot be read.", e);
        }
    }

    private static DateTimeOffset Time(AsnReader validity) =>
        validity.PeekTag().HasSameClassAndValue(Asn1Tag.UtcTime) ? validity.ReadUtcTime(twoDigitYearMax: 2049) : validity.ReadGeneralizedTime();
}

/// <summary>
/// Makes the process live in UTC, whatever the machine's zone is or becomes: the library compares certificates' dates in local time, in TLS
/// handshakes too, and keeps its own idea of the zone beside the C library's.
/// </summary>
public static class ProcessTimeZone
{
    private const string Utc = "UTC0"; // as POSIX writes it: no zone file is read

    /// <summary>First in a program's main: the C library's environment is not safe to change beside other threads that read it.</summary>
    public static void UseUtc()
    {
        SetEnvironment("TZ", Utc, overwrite: 1);
        ReadZone();
        Environment.SetEnvironmentVariable("TZ", Utc);
        TimeZoneInfo.ClearCachedData();
    }

    [DllImport("libc", EntryPoint = "setenv", SetLastError = true, CharSet = CharSet.Ansi)]
    private static extern int SetEnvironment([MarshalAs(UnmanagedType.LPUTF8Str)] string name, [MarshalAs(UnmanagedType.LPUTF8Str)] string value, int overwrite);

    [DllImport("libc", EntryPoint = "tzset")]
    private static extern void ReadZone();
}
