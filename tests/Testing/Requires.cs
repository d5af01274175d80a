namespace IoTPlatform.Testing;

/// <summary>What a test needs of the machine. Use with [SkippableFact]; IOT_REQUIRE_SERVICES=1 turns a skip into a failure.</summary>
public static class Requires
{
    /// <summary>The tool's full path; skips the test without it.</summary>
    public static string Tool(string name) => throw new NotImplementedException();

    /// <summary>Skips unless the condition holds.</summary>
    public static void That(bool condition, string reason) => throw new NotImplementedException();
}
