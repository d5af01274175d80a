using IoTPlatform.Testing;

namespace IoTPlatform.Hosting.Tests;

/// <summary>This assembly as a process of its own: see Program.cs.</summary>
internal static class Child
{
    public static ProcessUnderTest Start(params string[] arguments) => ProcessUnderTest.StartDotnet(typeof(Child).Assembly.Location, arguments);
}
