using System.Reflection;
using Npgsql;

namespace IoTPlatform.Hosting;

/// <summary>Applies embedded <c>Migrations/NNNN_name.sql</c> resources, per assembly in order, each once, one transaction each, under an advisory lock. An applied file that changed is an error.</summary>
public static class Migrations
{
    /// <summary>Hosting's own migrations (audit, accounts) always come first.</summary>
    public static Task ApplyAsync(NpgsqlDataSource dataSource, params Assembly[] assemblies) => throw new NotImplementedException();
}
