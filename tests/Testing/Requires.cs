using Xunit;

namespace IoTPlatform.Testing;

/// <summary>What a test needs of the machine. Use with [SkippableFact]; IOT_REQUIRE_SERVICES=1 turns a skip into a failure.</summary>
public static class Requires
{
    /// <summary>The tool's full path; skips the test without it.</summary>
    public static string Tool(string name)
    {
        var path = Tools.Find(name);
        That(path is not null, $"{name} is not installed");
        return path!;
    }

    /// <summary>Skips unless the condition holds.</summary>
    public static void That(bool condition, string reason)
    {
        if (condition)
        {
            return;
        }

        if (Environment.GetEnvironmentVariable("IOT_REQUIRE_SERVICES") is "1")
        {
            throw new InvalidOperationException($"{reason}, and IOT_REQUIRE_SERVICES=1 forbids to skip");
        }

        Skip.If(true, reason);
    }
}
