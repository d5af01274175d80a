using IoTPlatform.Pki;

namespace IoTPlatform.Hosting;

/// <summary>A setting that lists server names.</summary>
public static class ServerNameList
{
    /// <summary>Together with a SPIFFE id and the public URL's host they fit into one certificate.</summary>
    public const int Most = 100;

    /// <summary>Canonical, each once. What is no server name is told to <paramref name="mistake"/>: setting, value, what is wrong with it.</summary>
    public static IReadOnlyList<string> Read(PlatformOptions settings, string setting, string fallback, Action<string, string, string> mistake)
    {
        var names = new List<string>();
        foreach (var text in settings.List(setting, fallback))
        {
            if (!ServerName.TryParse(text, out var name, out var why))
            {
                mistake(setting, text, why);
            }
            else if (!names.Contains(name))
            {
                names.Add(name);
            }
        }

        if (names.Count > Most)
        {
            mistake(setting, $"{names.Count} names", $"there may be {Most} at most");
        }
        else if (names.Count == 0 && fallback.Length > 0 && settings.List(setting, fallback).Count == 0)
        {
            mistake(setting, settings.Get(setting, fallback), "there must be one name at least");
        }

        return names;
    }
}
