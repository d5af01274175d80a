using System.Globalization;
using System.Security.Claims;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace IoTPlatform.CertificateAuthority;

public static class CertificateEndpoints
{
    private const int MaxTextLength = 200;

    /// <summary>GET /portal/certificates, GET /portal/certificates/{serial} (Viewer), POST /portal/certificates/{serial}/revoke, …/hold and …/release (Admin).</summary>
    public static void MapCertificates(this IEndpointRouteBuilder app)
    {
        var certificates = app.MapGroup("/portal/certificates");
        certificates.MapGet("", ListAsync).RequireAuthorization(Policies.Viewer);
        certificates.MapGet("{serial}", ShowAsync).RequireAuthorization(Policies.Viewer);
        certificates.MapPost("{serial}/revoke", RevokeAsync).RequireAuthorization(Policies.Admin);
        certificates.MapPost("{serial}/hold", HoldAsync).RequireAuthorization(Policies.Admin);
        certificates.MapPost("{serial}/release", ReleaseAsync).RequireAuthorization(Policies.Admin);
    }

    private static async Task<Ok<Page<CertificateSummary>>> ListAsync(
        Authority authority,
        CancellationToken cancellationToken,
        string? text = null,
        string? profile = null,
        string? subject = null,
        string? tenant = null,
        bool? revoked = null,
        DateTimeOffset? expiring_before = null,
        DateTimeOffset? expiring_after = null,
        long? cursor = null,
        int limit = 50)
    {
        if (limit is < 1 or > CertificateQuery.MaxLimit)
        {
            throw new ProblemException(400, "bad_limit", string.Create(CultureInfo.InvariantCulture, $"The limit must be 1 to {CertificateQuery.MaxLimit}."));
        }

        foreach (var filter in (ReadOnlySpan<string?>)[text, profile, subject, tenant])
        {
            if (filter is { } given && (given.Length > MaxTextLength || given.Any(char.IsControl)))
            {
                throw new ProblemException(400, "bad_filter", "A filter is too long or has control characters.");
            }
        }

        var page = await authority.ListAsync(
            new CertificateQuery
            {
                Text = text,
                Profile = profile,
                Subject = subject,
                Tenant = tenant,
                Revoked = revoked,
                ExpiringBefore = expiring_before,
                ExpiringAfter = expiring_after,
                Cursor = cursor,
                Limit = limit,
            },
            cancellationToken);
        return TypedResults.Ok(new Page<CertificateSummary>
        {
            Items = [.. page.Items.Select(CertificateViews.Summary)],
            NextCursor = page.NextCursor?.ToString(CultureInfo.InvariantCulture),
        });
    }

    private static async Task<Ok<CertificateDetail>> ShowAsync(Authority authority, string serial, CancellationToken cancellationToken) =>
        TypedResults.Ok(CertificateViews.Detail(await authority.FindAsync(Parse(serial), cancellationToken) ?? throw NotFound()));

    private static async Task<NoContent> RevokeAsync(ProfileRevocations revocations, string serial, RevokeRequest request, ClaimsPrincipal user, CancellationToken cancellationToken)
    {
        CheckReason(request.Reason);
        if (!RevocationReasons.TryParse(request.ReasonCode, out var code) || code == RevocationReason.RemoveFromCrl)
        {
            throw new ProblemException(400, "reason_code", "The reason code must be 0 to 10, without 7 and 8 (RFC 5280 5.3.1): what ends a hold is release.");
        }

        var outcome = await revocations.RevokeAsync(
            new Revocation { Serial = Parse(serial), ReasonCode = code, Reason = request.Reason, By = user.Identity?.Name ?? "admin" },
            request.TenantId,
            cancellationToken);
        return outcome switch
        {
            RevocationOutcome.Revoked => TypedResults.NoContent(),
            RevocationOutcome.AlreadyRevoked when code == RevocationReason.CertificateHold => throw new ProblemException(409, "already_revoked", "The certificate is already revoked or on hold."),
            RevocationOutcome.AlreadyRevoked => throw new ProblemException(409, "already_revoked", "The certificate is already revoked."),
            _ => throw NotFound(),
        };
    }

    private static Task<NoContent> HoldAsync(ProfileRevocations revocations, string serial, HoldRequest request, ClaimsPrincipal user, CancellationToken cancellationToken) =>
        RevokeAsync(revocations, serial, new RevokeRequest { ReasonCode = (int)RevocationReason.CertificateHold, Reason = request.Reason }, user, cancellationToken);

    private static async Task<NoContent> ReleaseAsync(Authority authority, string serial, HoldRequest request, ClaimsPrincipal user, CancellationToken cancellationToken)
    {
        CheckReason(request.Reason);
        return await authority.ReleaseAsync(new Release { Serial = Parse(serial), Reason = request.Reason, By = user.Identity?.Name ?? "admin" }, cancellationToken) switch
        {
            ReleaseOutcome.Released => TypedResults.NoContent(),
            ReleaseOutcome.NotOnHold => throw new ProblemException(409, "not_on_hold", "The certificate is not on hold: it is good, or revoked for ever."),
            _ => throw NotFound(),
        };
    }

    private static void CheckReason(string? reason)
    {
        if (reason is { Length: > 0 } && !FreeText.IsValid(reason, 500))
        {
            throw new ProblemException(400, "bad_reason", $"The reason has at most 500 characters, and {FreeText.Refused}.");
        }
    }

    private static byte[] Parse(string serial) => SerialNumber.TryParse(serial, out var bytes) ? bytes : throw NotFound();

    private static ProblemException NotFound() => new(404, "certificate_not_found", "No certificate has this serial number.");
}

/// <summary>A certificate as the API shows it.</summary>
public static class CertificateViews
{
    public static CertificateSummary Summary(CertificateRecord record) => new()
    {
        Serial = record.Serial,
        SerialHex = SerialNumber.ToHex(record.SerialNumber),
        Subject = record.Subject,
        Sans = record.Sans,
        Issuer = record.Issuer,
        Profile = record.Profile,
        Provisioner = record.Provisioner,
        Requester = record.Requester,
        NotBefore = record.NotBefore,
        NotAfter = record.NotAfter,
        RevokedAt = record.RevokedAt,
        ReasonCode = (int?)record.ReasonCode,
    };

    public static CertificateDetail Detail(CertificateRecord record) =>
        new() { Summary = Summary(record), RevocationReason = record.Reason, Pem = Pem.Certificate(record.Der) };
}
