using System.Globalization;
using System.Security.Cryptography;
using IoTPlatform.CertificateAuthority.Storage;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority.Tests;

/// <summary>Rows for the ledger. The store does not look inside a certificate, so any bytes will do.</summary>
internal static class LedgerRows
{
    public static readonly DateTimeOffset Now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static LedgerEntry New(
        string subject = "a.test",
        string profile = "leaf",
        byte[]? serial = null,
        byte[]? renews = null,
        string? idempotencyKey = null,
        UsedToken? token = null,
        byte[]? key = null,
        string? lineage = null,
        int days = 1,
        string requester = "tester",
        string? details = null,
        CancellationToken cancellation = default)
    {
        serial ??= SerialNumber.Create(DateTimeOffset.UnixEpoch);
        return new LedgerEntry
        {
            Serial = serial,
            Subject = subject,
            Sans = $"{subject}\nspiffe://x/{subject}",
            Issuer = "Issuer",
            IssuerKeyId = [1],
            Profile = profile,
            Provisioner = "iot-bridge",
            Requester = requester,
            Tenant = "acme",
            Lineage = lineage,
            PublicKeySha256 = key ?? RandomNumberGenerator.GetBytes(32),
            NotBefore = Now,
            NotAfter = Now.AddDays(days),
            Der = RandomNumberGenerator.GetBytes(64),
            Renews = renews,
            IdempotencyKey = idempotencyKey,
            Token = token,
            Details = details ?? $$"""{"serial":"{{Convert.ToHexString(serial)}}"}""",
            Cancellation = cancellation,
        };
    }

    public static UsedToken Token(int number) => new(SHA256.HashData(BitConverter.GetBytes(number)), Now.AddHours(1));

    public static string Name(int number) => string.Create(CultureInfo.InvariantCulture, $"n{number}.test");
}
