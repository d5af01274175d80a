using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using Npgsql;

namespace IoTPlatform.Database;

/// <summary>What a connection string says, without connecting.</summary>
public static class DatabaseSetting
{
    public const string Name = "IOT_DATABASE";

    /// <summary>Null: the private server.</summary>
    public static string? Read(SettingsReader settings)
    {
        var text = settings.Secret(Name);
        if (text is not null && Problem(text) is { } problem)
        {
            settings.Add($"{Name}: {problem}.");
        }

        return text;
    }

    /// <summary>Null when it can be parsed. Never repeats any of it: the password is in there.</summary>
    public static string? Problem(string connectionString)
    {
        try
        {
            return new NpgsqlConnectionStringBuilder(connectionString) is { Host.Length: > 0 } ? null : "it names no Host";
        }
        catch (ArgumentException)
        {
            return "it is malformed; expected for example: Host=db.example;Database=iot;Username=iot;Password=…";
        }
    }

    /// <summary>The servers it names, in lower case; a socket's folder is none.</summary>
    public static IEnumerable<string> Hosts(string? connectionString) =>
        connectionString is null || Problem(connectionString) is not null
            ? []
            : (new NpgsqlConnectionStringBuilder(connectionString).Host ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                .Select(host => ServerName.TryParse(host, out var name, out _) ? name : null).OfType<string>();
}
