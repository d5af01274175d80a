using System.Globalization;
using System.Text.Json;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Events;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Events;
using IoTPlatform.Hosting;
using IoTPlatform.Provider.Data;
using IoTPlatform.Provider.Features.Tenants;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace IoTPlatform.Provider.Features.Events;

internal static class TenantEventsEndpoint
{
    private const int DefaultLimit = 50;
    private const int MaxLimit = 200;

    public static void MapTenantEvents(this IEndpointRouteBuilder app) =>
        app.MapGet("/portal/admin/tenants/{tenantId}/events", ListAsync).RequireAuthorization(Policies.Viewer);

    /// <summary>Newest first, also those of a tenant that was removed; the cursor is the last sequence number of the page before.</summary>
    private static async Task<Ok<Page<TenantEventView>>> ListAsync(
        string tenantId, string? cursor, int? limit, TenantHistory history, ProviderDb db, CancellationToken cancellationToken)
    {
        TenantIds.Require(tenantId);
        var before = long.MaxValue;
        if (cursor is not null && !long.TryParse(cursor, NumberStyles.None, CultureInfo.InvariantCulture, out before))
        {
            throw new ProblemException(StatusCodes.Status400BadRequest, "bad_cursor", "The cursor is not one this server gave out.");
        }

        var size = Math.Clamp(limit ?? DefaultLimit, 1, MaxLimit);
        var events = await history.ReadAsync(tenantId, before, size + 1, cancellationToken);
        if (events.Count == 0 && !await db.Tenants.AnyAsync(t => t.TenantId == tenantId, cancellationToken))
        {
            throw TenantIds.NotFound(tenantId);
        }

        return TypedResults.Ok(new Page<TenantEventView>
        {
            Items = [.. events.Take(size).Select(View)],
            NextCursor = events.Count > size ? events[size - 1].Sequence.ToString(CultureInfo.InvariantCulture) : null,
        });
    }

    private static TenantEventView View(PlatformEvent happened) => new()
    {
        Id = happened.Id,
        Type = happened.Type,
        OccurredAt = happened.OccurredAt,
        By = happened.By,
        Event = JsonSerializer.SerializeToElement(happened, happened.GetType(), ContractsJson.Default),
    };
}

/// <summary>What happened to a tenant, as the provider saw it: its events, read from the audit log. It outlives the tenant.</summary>
internal sealed class TenantHistory(NpgsqlDataSource database, EventMappers mappers)
{
    /// <summary>A tenant's entries are those about its id, and those about certificates that the CA's store says are its own; few of a subject are another tenant's.</summary>
    private const string Sql =
        """
        WITH subjects AS (SELECT $1 AS subject UNION SELECT subject FROM ca.certificates WHERE tenant = $1)
        SELECT e.sequence, e.at, e.actor, e.action, e.subject, e.details, e.hash
        FROM subjects CROSS JOIN LATERAL (
          SELECT * FROM audit.entries e
          WHERE e.subject = subjects.subject AND e.sequence < $2 AND e.action = ANY ($3)
            AND CASE WHEN starts_with(e.action, 'certificate.')
              THEN (SELECT c.tenant FROM ca.certificates c WHERE c.serial = decode(e.details::json ->> 'serial', 'hex')) = $1
              ELSE e.subject = $1 END
          ORDER BY e.sequence DESC LIMIT $4) e
        ORDER BY e.sequence DESC LIMIT $4
        """;

    private readonly string[] _actions = mappers.ActionsOf(new HashSet<string>(
        [
            TenantPrepared.Name, TenantJoined.Name, TenantSuspended.Name, TenantResumed.Name, TenantRemoved.Name, BridgeUp.Name, BridgeDown.Name,
            CertificateIssued.Name, CertificateRenewed.Name, CertificateRevoked.Name, CertificateExpiring.Name,
        ], StringComparer.Ordinal));

    /// <summary>The last ones before that number, newest first.</summary>
    public async Task<IReadOnlyList<PlatformEvent>> ReadAsync(string tenantId, long before, int limit, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(Sql);
        command.Parameters.AddWithValue(tenantId);
        command.Parameters.AddWithValue(before);
        command.Parameters.AddWithValue(_actions);
        command.Parameters.AddWithValue(limit);
        var events = await mappers.MapAsync(await RecordedOperation.ReadAllAsync(command, cancellationToken), cancellationToken);
        events.Reverse();
        return events;
    }
}
