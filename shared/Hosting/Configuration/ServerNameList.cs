using IoTPlatform.Pki;

namespace IoTPlatform.Hosting;

/// <summary>A setting that lists server names.</summary>
public static class ServerNameList
{
    /// <summary>Together with a SPIFFE id and the public URL's host they fit into one certificate.</summary>
    public const int Most = 100;

    /// <summary>Canonical, each once. An empty list is an error unless <paramref name="fallback"/> is empty, too.</summary>
    public static IReadOnlyList<string> Read(SettingsReader settings, string setting, string fallback)
    {
        var names = new List<string>();
        foreach (var text in settings.List(setting, fallback))
        {
            if (!ServerName.TryParse(text, out var name, out var why))
            {
                settings.Invalid(setting, text, why);
            }
            else if (!names.Contains(name))
            {
                names.Add(name);
            }
        }

        if (names.Count > Most)
        {
            settings.Invalid(setting, $"{names.Count} names", $"there may be {Most} at most");
        }
        else if (names.Count == 0 && fallback.Length > 0 && settings.List(setting, fallback).Count == 0)
        {
            settings.Invalid(setting, settings.Get(setting, fallback), "there must be one name at least");
        }

        return names;
    }
}
