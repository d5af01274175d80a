using System.Globalization;

namespace IoTPlatform.Stacks;

/// <summary>Environment of a process whose wall clock is elsewhere, while its timers run as ever. Needs faketime.</summary>
internal static class FakeClock
{
    public static Dictionary<string, string?> Ahead(TimeSpan by) => Variables("FAKETIME", Offset(by));

    /// <param name="file">Holds an <see cref="Offset"/>, read anew every second.</param>
    public static Dictionary<string, string?> From(string file) => Variables("FAKETIME_TIMESTAMP_FILE", file);

    public static string Offset(TimeSpan ahead) => string.Create(CultureInfo.InvariantCulture, $"{ahead.TotalSeconds:+0;-0;+0}s");

    private static Dictionary<string, string?> Variables(string variable, string value) => new()
    {
        ["LD_PRELOAD"] = Directory.EnumerateFiles("/usr/lib", "libfaketimeMT.so.1", SearchOption.AllDirectories).First(),
        [variable] = value,
        ["FAKETIME_CACHE_DURATION"] = "1",
        ["FAKETIME_DONT_FAKE_MONOTONIC"] = "1",
    };
}
