using System.Data;
using System.Globalization;
using System.Text.Json;
using IoTPlatform.CertificateAuthority;
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
        app.MapGet("/portal/admin/tenants/{tenantId}/events", ListAsync).RequireAuthorization(TenantHistory.Policy);

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

    public static TenantEventView View(PlatformEvent happened) => new()
    {
        Id = happened.Id,
        Type = happened.Type,
        OccurredAt = happened.OccurredAt,
        By = happened.By,
        Event = JsonSerializer.SerializeToElement(happened, happened.GetType(), ContractsJson.Default),
    };
}

/// <summary>What happened to a tenant, as the provider saw it: its events, read from the audit log. It outlives the tenant.</summary>
internal sealed class TenantHistory(NpgsqlDataSource database, Authority authority, EventMappers mappers) : IGuarded
{
    public static string Policy => Policies.Viewer;

    private static readonly string Sql =
        $"SELECT {RecordedOperation.Columns} FROM audit.entries WHERE subject = $1 AND sequence < $2 AND action = ANY ($3) ORDER BY sequence DESC LIMIT $4";

    private readonly string[] _actions = mappers.ActionsOf(new HashSet<string>(
        [TenantPrepared.Name, TenantJoined.Name, TenantSuspended.Name, TenantResumed.Name, TenantRemoved.Name, BridgeUp.Name, BridgeDown.Name], StringComparer.Ordinal));

    /// <summary>The last ones before that number, newest first.</summary>
    public async Task<IReadOnlyList<PlatformEvent>> ReadAsync(string tenantId, long before, int limit, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        // One snapshot: an entry that comes between the two would be on no page.
        await using var snapshot = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
        await using var command = new NpgsqlCommand(Sql, connection)
        {
            Parameters = { new() { Value = tenantId }, new() { Value = before }, new() { Value = _actions }, new() { Value = limit } },
        };
        var own = await RecordedOperation.ReadAllAsync(command, cancellationToken);
        var ofCertificates = await authority.HistoryAsync(tenantId, before, limit, connection, cancellationToken);
        await snapshot.CommitAsync(cancellationToken);
        var events = await mappers.MapAsync([.. own.Concat(ofCertificates).OrderByDescending(operation => operation.Sequence).Take(limit)], cancellationToken);
        events.Reverse();
        return events;
    }
}
