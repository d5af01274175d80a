using System.Globalization;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Audit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace IoTPlatform.Hosting;

public static class AuditEndpoints
{
    private const int MaxLimit = 500;

    /// <summary><c>GET /portal/audit?cursor&amp;limit</c> and <c>GET /portal/audit/verify</c>, admins only.</summary>
    public static IEndpointRouteBuilder MapAudit(this IEndpointRouteBuilder endpoints)
    {
        var audit = endpoints.MapGroup("/portal/audit").RequireAuthorization(Policies.Admin);
        audit.MapGet("", ReadAsync);
        audit.MapGet("/verify", VerifyAsync);
        return endpoints;
    }

    private static async Task<Ok<Page<AuditEntryView>>> ReadAsync(AuditLog log, CancellationToken cancellationToken, string? cursor = null, int limit = 100)
    {
        long after = 0;
        if (cursor is not null && !long.TryParse(cursor, NumberStyles.None, CultureInfo.InvariantCulture, out after))
        {
            throw new ProblemException(StatusCodes.Status400BadRequest, "bad_cursor", "The cursor is not one this server gave out.");
        }

        if (limit is < 1 or > MaxLimit)
        {
            throw new ProblemException(StatusCodes.Status400BadRequest, "bad_limit", $"The limit is 1 to {MaxLimit}.");
        }

        var entries = await log.ReadAsync(after, limit, cancellationToken);
        return TypedResults.Ok(new Page<AuditEntryView>
        {
            Items = entries,
            NextCursor = entries.Count == limit ? entries[^1].Sequence.ToString(CultureInfo.InvariantCulture) : null,
        });
    }

    private static async Task<Ok<AuditVerification>> VerifyAsync(AuditLog log, CancellationToken cancellationToken) =>
        TypedResults.Ok(await log.VerifyAsync(cancellationToken));
}
