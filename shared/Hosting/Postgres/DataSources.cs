using Npgsql;

namespace IoTPlatform.Hosting;

/// <summary>Connection settings that suit short, repeated statements. What the connection string says itself is kept.</summary>
internal static class DataSources
{
    public static NpgsqlDataSource Create(string connectionString)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString);
        Default(settings, "Max Auto Prepare", () => settings.MaxAutoPrepare = 64);
        Default(settings, "No Reset On Close", () => settings.NoResetOnClose = true); // no session state is ever left behind
        Default(settings, "Application Name", () => settings.ApplicationName = "iotplatform");
        Default(settings, "Keepalive", () => settings.KeepAlive = 30);
        return NpgsqlDataSource.Create(settings); // without a logger: Npgsql reports every command at Information, failures throw
    }

    private static void Default(NpgsqlConnectionStringBuilder settings, string keyword, Action set)
    {
        if (!settings.ContainsKey(keyword) || !settings.ShouldSerialize(keyword))
        {
            set();
        }
    }
}
