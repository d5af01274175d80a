using System.Reflection;

namespace IoTPlatform.Testing;

/// <summary>One throw-away PostgreSQL per test process, started on first use, ended with the process.</summary>
public static class PostgresServer
{
    /// <summary>A fresh database with Hosting's and the given assemblies' migrations applied (copied from a template). Skips the test where PostgreSQL is missing.</summary>
    public static Task<TestDatabase> CreateDatabaseAsync(params Assembly[] migrations) => throw new NotImplementedException();

    /// <summary>A fresh database without any schema.</summary>
    public static Task<TestDatabase> CreateEmptyDatabaseAsync() => throw new NotImplementedException();
}
