using System.Globalization;
using System.Security.Claims;
using IoTPlatform.CertificateAuthority.Budgets;
using IoTPlatform.CertificateAuthority.Inventory;
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
    /// <summary>GET /portal/certificates, …/export and …/{serial}, GET /portal/endpoints and /portal/budgets (Viewer), POST /portal/certificates/{serial}/revoke, …/hold and …/release (Admin).</summary>
    public static void MapCertificates(this IEndpointRouteBuilder app)
    {
        var certificates = app.MapGroup("/portal/certificates");
        certificates.MapGet("", ListAsync).RequireAuthorization(CertificateInventory.Policy);
        certificates.MapGet("export", CertificateExport.AnswerAsync).RequireAuthorization(CertificateInventory.Policy).ExcludeFromDescription();
        app.MapGet("/portal/budgets", ListBudgetsAsync).RequireAuthorization(CertificateBudgets.Policy);
        app.MapGet("/portal/endpoints", ListEndpointsAsync).RequireAuthorization(CertificateInventory.Policy);
        certificates.MapGet("{serial}", ShowAsync).RequireAuthorization(CertificateInventory.Policy);
        certificates.MapPost("{serial}/revoke", RevokeAsync).RequireAuthorization(CertificateRevocations.Policy);
        certificates.MapPost("{serial}/hold", HoldAsync).RequireAuthorization(CertificateRevocations.Policy);
        certificates.MapPost("{serial}/release", ReleaseAsync).RequireAuthorization(CertificateRevocations.Policy);
    }

    private static async Task<Ok<Page<CertificateSummary>>> ListAsync(
        CertificateInventory inventory, [AsParameters] CertificateParameters filter, CancellationToken cancellationToken, long? cursor = null, int limit = 50) =>
        TypedResults.Ok(await inventory.ListAsync(filter.Query() with { Cursor = cursor, Limit = limit }, cancellationToken));

    private static async Task<Ok<Page<EndpointSummary>>> ListEndpointsAsync(
        CertificateInventory inventory,
        CancellationToken cancellationToken,
        string? name = null,
        string? provisioner = null,
        string? profile = null,
        string? tenant = null,
        bool? active = null,
        bool? expiring = null,
        long? cursor = null,
        int limit = 50) => TypedResults.Ok(await inventory.ListEndpointsAsync(
            new EndpointQuery { Name = name, Provisioner = provisioner, Profile = profile, Tenant = tenant, Active = active, Expiring = expiring, Cursor = cursor, Limit = limit }, cancellationToken));

    private static async Task<Ok<BudgetList>> ListBudgetsAsync(CertificateBudgets budgets, CancellationToken cancellationToken) => TypedResults.Ok(await budgets.ListAsync(cancellationToken));

    private static async Task<Ok<CertificateDetail>> ShowAsync(CertificateInventory inventory, string serial, CancellationToken cancellationToken) =>
        TypedResults.Ok(CertificateViews.Detail(await inventory.RequireAsync(serial, cancellationToken)));

    private static async Task<NoContent> RevokeAsync(CertificateRevocations revocations, string serial, RevokeRequest request, ClaimsPrincipal user, CancellationToken cancellationToken)
    {
        await revocations.RevokeAsync(serial, request, By(user), cancellationToken);
        return TypedResults.NoContent();
    }

    private static Task<NoContent> HoldAsync(CertificateRevocations revocations, string serial, HoldRequest request, ClaimsPrincipal user, CancellationToken cancellationToken) =>
        RevokeAsync(revocations, serial, new RevokeRequest { ReasonCode = (int)RevocationReason.CertificateHold, Reason = request.Reason }, user, cancellationToken);

    private static async Task<NoContent> ReleaseAsync(CertificateRevocations revocations, string serial, HoldRequest request, ClaimsPrincipal user, CancellationToken cancellationToken)
    {
        await revocations.ReleaseAsync(serial, request, By(user), cancellationToken);
        return TypedResults.NoContent();
    }

    private static string By(ClaimsPrincipal user) => user.Identity?.Name ?? "admin";
}

/// <summary>Searches and shows certificates, and whose they are.</summary>
public sealed class CertificateInventory : IGuarded
{
    private const int MaxTextLength = 255;

    /// <summary>Of the endpoints, before a search that needs them: what was issued a moment ago is found, too.</summary>
    private const int Batches = 4;

    private readonly Authority _authority;
    private readonly InventoryStore _store;

    internal CertificateInventory(Authority authority, InventoryStore store) => (_authority, _store) = (authority, store);

    public static string Policy => Policies.Viewer;

    /// <summary>Newest first. Throws 400 for a limit or a filter that is not valid.</summary>
    public async Task<Page<CertificateSummary>> ListAsync(CertificateQuery query, CancellationToken cancellationToken)
    {
        CheckLimit(query.Limit, CertificateQuery.MaxLimit);
        CheckFilters(query.Text, query.Profile, query.Subject, query.Tenant, query.Name, query.Issuer, query.Provisioner);
        if (query.Name is not null || query.Endpoint is not null)
        {
            await _store.MapAsync(again: false, Batches, cancellationToken);
        }

        var now = _authority.Time.GetUtcNow();
        var page = await _authority.ListAsync(
            query.State switch
            {
                null => query,
                CertificateState.Valid => query with { Revoked = false, ExpiringAfter = Later(query.ExpiringAfter, now) },
                CertificateState.Expired => query with { Revoked = false, ExpiringBefore = query.ExpiringBefore < now ? query.ExpiringBefore : now },
                CertificateState.Revoked => query with { Revoked = true, OnHold = false },
                _ => query with { Revoked = true, OnHold = true },
            },
            cancellationToken);
        return new Page<CertificateSummary>
        {
            Items = [.. page.Items.Select(CertificateViews.Summary)],
            NextCursor = page.NextCursor?.ToString(CultureInfo.InvariantCulture),
        };
    }

    /// <summary>Those with the newest certificates first. Throws 400 as <see cref="ListAsync"/>.</summary>
    public async Task<Page<EndpointSummary>> ListEndpointsAsync(EndpointQuery query, CancellationToken cancellationToken)
    {
        CheckLimit(query.Limit, EndpointQuery.MaxLimit);
        CheckFilters(query.Name, query.Provisioner, query.Profile, query.Tenant);
        await _store.MapAsync(again: false, Batches, cancellationToken);
        var page = await _store.ListAsync(query, cancellationToken);
        return new Page<EndpointSummary> { Items = page.Items, NextCursor = page.NextCursor?.ToString(CultureInfo.InvariantCulture) };
    }

    private static DateTimeOffset Later(DateTimeOffset? one, DateTimeOffset other) => one > other ? one.Value : other;

    private static void CheckLimit(int limit, int most)
    {
        if (limit < 1 || limit > most)
        {
            throw new ProblemException(400, "bad_limit", string.Create(CultureInfo.InvariantCulture, $"The limit must be 1 to {most}."));
        }
    }

    private static void CheckFilters(params ReadOnlySpan<string?> filters)
    {
        foreach (var filter in filters)
        {
            if (filter is { } given && (given.Length > MaxTextLength || given.Any(char.IsControl)))
            {
                throw new ProblemException(400, "bad_filter", "A filter is too long or has control characters.");
            }
        }
    }

    /// <summary>Throws 404 <c>certificate_not_found</c>.</summary>
    public async Task<CertificateRecord> RequireAsync(string serial, CancellationToken cancellationToken) =>
        await _authority.FindAsync(CertificateSerials.Parse(serial), cancellationToken) ?? throw CertificateSerials.NotFound();
}

/// <summary>Revokes certificates, puts them on hold and releases them.</summary>
public sealed class CertificateRevocations : IGuarded
{
    private const int EarliestYear = 1990;

    private readonly ProfileRevocations _revocations;
    private readonly Authority _authority;

    internal CertificateRevocations(ProfileRevocations revocations, Authority authority)
    {
        _revocations = revocations;
        _authority = authority;
    }

    public static string Policy => Policies.Admin;

    /// <summary>Throws 400 for a reason or a date that is not valid, 404 <c>certificate_not_found</c>, 409 <c>already_revoked</c> or <c>confirmation_required</c>.</summary>
    public async Task RevokeAsync(string serial, RevokeRequest request, string by, CancellationToken cancellationToken)
    {
        CheckReason(request.Reason);
        if (!RevocationReasons.TryParse(request.ReasonCode, out var code) || code == RevocationReason.RemoveFromCrl)
        {
            throw new ProblemException(400, "reason_code", "The reason code must be 0 to 10, without 7 and 8 (RFC 5280 5.3.1): what ends a hold is release.");
        }

        if (request.InvalidSince is { } since && (since > _authority.Time.GetUtcNow() || since.Year < EarliestYear))
        {
            throw new ProblemException(400, "invalid_since", "The date since when the key may be in other hands is in the future, or before any certificate.");
        }

        var outcome = await _revocations.RevokeAsync(
            new Revocation { Serial = CertificateSerials.Parse(serial), ReasonCode = code, Reason = request.Reason, InvalidSince = request.InvalidSince, By = by }, request.TenantId, cancellationToken);
        _ = outcome switch
        {
            RevocationOutcome.Revoked => true,
            RevocationOutcome.AlreadyRevoked when code == RevocationReason.CertificateHold => throw new ProblemException(409, "already_revoked", "The certificate is already revoked or on hold."),
            RevocationOutcome.AlreadyRevoked => throw new ProblemException(409, "already_revoked", "The certificate is already revoked."),
            _ => throw CertificateSerials.NotFound(),
        };
    }

    /// <summary>Throws 404 <c>certificate_not_found</c>, 409 <c>not_on_hold</c>.</summary>
    public async Task ReleaseAsync(string serial, HoldRequest request, string by, CancellationToken cancellationToken)
    {
        CheckReason(request.Reason);
        _ = await _authority.ReleaseAsync(new Release { Serial = CertificateSerials.Parse(serial), Reason = request.Reason, By = by }, cancellationToken) switch
        {
            ReleaseOutcome.Released => true,
            ReleaseOutcome.NotOnHold => throw new ProblemException(409, "not_on_hold", "The certificate is not on hold: it is good, or revoked for ever."),
            _ => throw CertificateSerials.NotFound(),
        };
    }

    private static void CheckReason(string? reason)
    {
        if (reason is { Length: > 0 } && !FreeText.IsValid(reason, 500))
        {
            throw new ProblemException(400, "bad_reason", $"The reason has at most 500 characters, and {FreeText.Refused}.");
        }
    }
}

internal static class CertificateSerials
{
    public static byte[] Parse(string serial) => SerialNumber.TryParse(serial, out var bytes) ? bytes : throw NotFound();

    public static ProblemException NotFound() => new(404, "certificate_not_found", "No certificate has this serial number.");
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
