using System.Globalization;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Audit;
using IoTPlatform.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace IoTPlatform.Database;

public static class AuditEndpoints
{
    /// <summary><c>GET /portal/audit</c> (filters, either order, pages) and <c>GET /portal/audit/verify</c>, admins only.</summary>
    public static IEndpointRouteBuilder MapAudit(this IEndpointRouteBuilder endpoints)
    {
        var audit = endpoints.MapGroup("/portal/audit").RequireAuthorization(AuditReading.Policy);
        audit.MapGet("", ListAsync);
        audit.MapGet("/verify", VerifyAsync);
        return endpoints;
    }

    private static async Task<Ok<Page<AuditEntryView>>> ListAsync(
        AuditReading audit,
        CancellationToken cancellationToken,
        string? cursor = null,
        string? order = null,
        string? action = null,
        string? actor = null,
        string? subject = null,
        DateTimeOffset? since = null,
        DateTimeOffset? until = null,
        string[]? except = null,
        int limit = 100)
    {
        var entries = await audit.ListAsync(
            new AuditQuery
            {
                Cursor = CursorOf(cursor),
                NewestFirst = NewestFirst(order),
                Action = action,
                Actor = actor,
                Subject = subject,
                Since = since,
                Until = until,
                Except = except ?? [],
                Limit = limit,
            },
            cancellationToken);
        return TypedResults.Ok(new Page<AuditEntryView>
        {
            Items = entries,
            NextCursor = entries.Count == limit ? entries[^1].Sequence.ToString(CultureInfo.InvariantCulture) : null,
        });
    }

    private static long? CursorOf(string? cursor) => cursor is null ? null
        : long.TryParse(cursor, NumberStyles.None, CultureInfo.InvariantCulture, out var sequence) ? sequence
        : throw new ProblemException(StatusCodes.Status400BadRequest, "bad_cursor", "The cursor is not one this server gave out.");

    private static bool NewestFirst(string? order) => order switch
    {
        null or "asc" => false,
        "desc" => true,
        _ => throw new ProblemException(StatusCodes.Status400BadRequest, "bad_order", "The order is asc (oldest first) or desc."),
    };

    private static async Task<Ok<AuditVerification>> VerifyAsync(AuditReading audit, CancellationToken cancellationToken) =>
        TypedResults.Ok(await audit.VerifyAsync(cancellationToken));
}

/// <summary>The audit log for administrators.</summary>
public sealed class AuditReading(AuditLog log) : IGuarded
{
    private const int MaxFilters = 20;
    private const int MaxFilterLength = 200;

    public static string Policy => Policies.Admin;

    /// <summary>Throws 400 for a limit or a filter that is not valid.</summary>
    public Task<IReadOnlyList<AuditEntryView>> ListAsync(AuditQuery query, CancellationToken cancellationToken)
    {
        RequireFilters([query.Action, query.Actor, query.Subject, .. query.Except]);
        return query.Limit is >= 1 and <= AuditQuery.MaxLimit
            ? log.ListAsync(query, cancellationToken)
            : throw new ProblemException(StatusCodes.Status400BadRequest, "bad_limit", $"The limit is 1 to {AuditQuery.MaxLimit}.");
    }

    /// <summary>Recomputes the whole chain.</summary>
    public Task<AuditVerification> VerifyAsync(CancellationToken cancellationToken, IProgress<AuditProgress>? progress = null) => log.VerifyAsync(cancellationToken, progress);

    private static void RequireFilters(IReadOnlyList<string?> filters)
    {
        if (filters.Count > MaxFilters || filters.Any(filter => filter is { } given && (given.Length > MaxFilterLength || given.Any(char.IsControl))))
        {
            throw new ProblemException(StatusCodes.Status400BadRequest, "bad_filter", "A filter is too long or has control characters, or there are too many.");
        }
    }
}
