using IoTPlatform.Provider.Data;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.Broker.RabbitMq;

/// <summary>When the broker last asked about the platform's own login: in the database, because another process may have been asked. Its clock is common to all processes.</summary>
internal sealed class BrokerQuestions(IDbContextFactory<ProviderDb> contexts)
{
    private const int TimeoutSeconds = 2;

    public async Task NoteAsync(CancellationToken cancellationToken)
    {
        await using var db = await CreateAsync(cancellationToken);
        // SQL: several processes are asked at once, and LINQ has no upsert.
        await db.Database.ExecuteSqlAsync(
            $"INSERT INTO provider.broker_question (singleton, asked_at) VALUES (true, clock_timestamp()) ON CONFLICT (singleton) DO UPDATE SET asked_at = excluded.asked_at", cancellationToken);
    }

    /// <summary>The database's clock now, for <see cref="AskedSinceAsync"/>.</summary>
    public async Task<DateTimeOffset> NowAsync(CancellationToken cancellationToken)
    {
        await using var db = await CreateAsync(cancellationToken);
        return await db.Database.SqlQuery<DateTimeOffset>($"SELECT clock_timestamp() AS \"Value\"").SingleAsync(cancellationToken);
    }

    public async Task<bool> AskedSinceAsync(DateTimeOffset time, CancellationToken cancellationToken)
    {
        await using var db = await CreateAsync(cancellationToken);
        return await db.BrokerQuestions.AnyAsync(q => q.AskedAt >= time, cancellationToken);
    }

    private async Task<ProviderDb> CreateAsync(CancellationToken cancellationToken)
    {
        var db = await contexts.CreateDbContextAsync(cancellationToken);
        db.Database.SetCommandTimeout(TimeoutSeconds);
        return db;
    }
}
