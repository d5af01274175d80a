using System.Globalization;
using IoTPlatform.Pki;
using Microsoft.AspNetCore.Http;

namespace IoTPlatform.CertificateAuthority.Acme;

/// <summary>When a certificate is best renewed (RFC 9773 4): after two thirds of its life, and at once where it is revoked.</summary>
internal sealed class AcmeRenewalInfo(Authority authority)
{
    private static readonly TimeSpan Soonest = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Latest = TimeSpan.FromHours(6);

    public async Task ReadAsync(HttpContext context)
    {
        var record = await AcmeCertificateId.FindAsync((string)context.Request.RouteValues["id"]!, authority, context.RequestAborted);
        var lifetime = record.NotAfter - record.NotBefore;
        // A client looks often enough to learn of a revocation while the certificate still has most of its life before it.
        context.Response.Headers.RetryAfter = ((long)Clamp(lifetime / 24).TotalSeconds).ToString(CultureInfo.InvariantCulture);
        await AcmeEdge.WriteAsync(context.Response, StatusCodes.Status200OK, new RenewalInfoAnswer(WindowOf(record, lifetime)), AcmeJson.Default.RenewalInfoAnswer);
    }

    private RenewalWindow WindowOf(CertificateRecord record, TimeSpan lifetime)
    {
        var now = Seconds.Floor(authority.Time.GetUtcNow());
        return record is { IsRevoked: true, IsOnHold: false }
            ? new RenewalWindow(now - Soonest, now)
            : new RenewalWindow(Seconds.Floor(record.NotBefore + (lifetime * 2 / 3)), Seconds.Floor(record.NotBefore + (lifetime * 3 / 4)));
    }

    private static TimeSpan Clamp(TimeSpan wait) => wait < Soonest ? Soonest : wait > Latest ? Latest : wait;
}
