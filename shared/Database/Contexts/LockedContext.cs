using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Npgsql;

namespace IoTPlatform.Database;

/// <summary>Contexts over the connection of an <see cref="AdvisoryLock"/>.</summary>
public static class LockedContext
{
    /// <summary>Once the connection is gone, the context throws <see cref="NpgsqlException"/>. By default EF Core opens it again, without the lock.</summary>
    public static DbContextOptions<T> Options<T>(NpgsqlConnection connection) where T : DbContext =>
        new DbContextOptionsBuilder<T>().UseNpgsql(connection).AddInterceptors(NeverReopened.Instance).Options;

    private sealed class NeverReopened : DbConnectionInterceptor
    {
        public static NeverReopened Instance { get; } = new();

        public override InterceptionResult ConnectionOpening(DbConnection connection, ConnectionEventData eventData, InterceptionResult result) => throw Gone();

        public override ValueTask<InterceptionResult> ConnectionOpeningAsync(
            DbConnection connection, ConnectionEventData eventData, InterceptionResult result, CancellationToken cancellationToken = default) => throw Gone();

        private static NpgsqlException Gone() => new("The connection that held the lock is gone.");
    }
}
