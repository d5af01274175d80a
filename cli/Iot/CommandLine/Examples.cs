using System.CommandLine;
using System.Runtime.CompilerServices;

namespace IoTPlatform.Iot;

/// <summary>The examples that <c>--help</c> prints; every command has one, a test checks it.</summary>
internal static class Examples
{
    private static readonly ConditionalWeakTable<Command, string[]> Known = [];

    public static void Add(Command command, params string[] examples) => Known.AddOrUpdate(command, examples);

    public static IReadOnlyList<string> Of(Command command) => Known.TryGetValue(command, out var examples) ? examples : [];
}
