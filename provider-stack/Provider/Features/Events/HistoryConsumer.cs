using System.Text.Json;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Events;
using IoTPlatform.Hosting.Events;
using MassTransit;
using Npgsql;
using NpgsqlTypes;

namespace IoTPlatform.Provider.Features.Events;

/// <summary>Keeps the last events of every tenant, as the provider itself saw them: in the order of its own sequence.</summary>
internal sealed class HistoryConsumer<TEvent>(Inbox inbox) : IConsumer<TEvent> where TEvent : PlatformEvent
{
    /// <summary>Also the name of the queue.</summary>
    public const string Name = "tenant-history";

    private const int KeptPerTenant = 1000;

    public Task Consume(ConsumeContext<TEvent> context) => context.Message is { TenantId: { } tenantId, Source: null }
        ? inbox.OnceAsync(Name, context.Message.Id, connection => WriteAsync(connection, tenantId, context.Message, context.CancellationToken), context.CancellationToken)
        : Task.CompletedTask;

    private static async Task WriteAsync(NpgsqlConnection connection, string tenantId, TEvent happened, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                new("INSERT INTO provider.tenant_events (event_id, tenant_id, sequence, type, occurred_at, caused_by, event) VALUES ($1, $2, $3, $4, $5, $6, $7)")
                {
                    Parameters =
                    {
                        new() { Value = happened.Id }, new() { Value = tenantId }, new() { Value = happened.Sequence }, new() { Value = happened.Type },
                        new() { Value = happened.OccurredAt.ToUniversalTime() }, new() { Value = happened.By },
                        new() { Value = JsonSerializer.Serialize(happened, typeof(TEvent), ContractsJson.Default), NpgsqlDbType = NpgsqlDbType.Jsonb },
                    },
                },
                new("DELETE FROM provider.tenant_events WHERE tenant_id = $1 AND sequence <= (SELECT sequence FROM provider.tenant_events WHERE tenant_id = $1 ORDER BY sequence DESC OFFSET $2 LIMIT 1)")
                {
                    Parameters = { new() { Value = tenantId }, new() { Value = KeptPerTenant } },
                },
            },
        };
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }
}
