using Microsoft.Extensions.Logging;
using Npgsql;

namespace IoTPlatform.Hosting;

/// <summary>Connection settings that suit short, repeated statements. What the connection string says itself is kept.</summary>
internal static class DataSources
{
    public static NpgsqlDataSource Create(string connectionString, ILoggerFactory? loggers)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString);
        Default(settings, "Max Auto Prepare", () => settings.MaxAutoPrepare = 64);
        Default(settings, "No Reset On Close", () => settings.NoResetOnClose = true); // no session state is ever left behind
        Default(settings, "Application Name", () => settings.ApplicationName = "iotplatform");
        Default(settings, "Keepalive", () => settings.KeepAlive = 30);
        var builder = new NpgsqlDataSourceBuilder(settings.ConnectionString);
        if (loggers is not null)
        {
            builder.UseLoggerFactory(loggers);
        }

        return builder.Build();
    }

    private static void Default(NpgsqlConnectionStringBuilder settings, string keyword, Action set)
    {
        if (!settings.ContainsKey(keyword) || !settings.ShouldSerialize(keyword))
        {
            set();
        }
    }
}
