using Npgsql;

namespace IoTPlatform.Database;

/// <summary>
/// Connection settings that suit short, repeated statements, and deadlines that hold when the server is frozen: a command's time-out, then
/// Npgsql's cancel request, which waits for the server, too, up to a connect time-out; together below 10 s. What the connection string says itself is kept.
/// </summary>
public static class DataSources
{
    /// <summary>Seconds: to connect, to get a connection of the pool, to deliver a cancel request.</summary>
    private const int ConnectTimeout = 3;

    /// <summary>Seconds.</summary>
    private const int CommandTimeout = 5;

    public static NpgsqlDataSource Create(string connectionString)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString);
        Default(settings, "Max Auto Prepare", () => settings.MaxAutoPrepare = 64);
        Default(settings, "No Reset On Close", () => settings.NoResetOnClose = true); // no session state is ever left behind
        Default(settings, "Application Name", () => settings.ApplicationName = "iotplatform");
        Default(settings, "Keepalive", () => settings.KeepAlive = 30);
        Default(settings, "Timeout", () => settings.Timeout = ConnectTimeout);
        Default(settings, "Command Timeout", () => settings.CommandTimeout = CommandTimeout);
        Default(settings, "GSS Encryption Mode", () => settings.GssEncryptionMode = GssEncryptionMode.Disable); // else every connect, and cancel, is tried twice
        ReserveThreads(settings.MaxPoolSize);
        return NpgsqlDataSource.Create(settings); // without a logger: Npgsql reports every command at Information, failures throw
    }

    /// <summary>A cancel request blocks its thread. When the server freezes there is one per connection, and nothing else could run without as many threads.</summary>
    private static void ReserveThreads(int connections)
    {
        ThreadPool.GetMinThreads(out var workers, out var ports);
        ThreadPool.SetMinThreads(Math.Max(workers, connections + Environment.ProcessorCount), ports);
    }

    private static void Default(NpgsqlConnectionStringBuilder settings, string keyword, Action set)
    {
        if (!settings.ContainsKey(keyword) || !settings.ShouldSerialize(keyword))
        {
            set();
        }
    }
}
