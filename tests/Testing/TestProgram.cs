using IoTPlatform.Hosting.Processes;
using System.Reflection;
using Xunit;

namespace IoTPlatform.Testing;

/// <summary>A test assembly as a process of its own: see its Program.cs.</summary>
public sealed class TestProgram(Assembly assembly)
{
    public const uint NobodyId = 65534;

    public ProcessUnderTest Start(params string[] arguments) => ProcessUnderTest.StartDotnet(assembly.Location, arguments);

    /// <summary>As an ordinary user, from a copy in the folder: a repository under /root is closed to other users.</summary>
    public async Task<ProcessUnderTest> StartAsNobodyAsync(TempFolder temp, params string[] arguments)
    {
        var setpriv = Requires.Tool("setpriv");
        var dotnet = Requires.Tool("dotnet");
        Skip.If(Posix.EffectiveUserId != 0, "needs root to become somebody else");
        string[] asNobody = ["--reuid", "65534", "--regid", "65534", "--clear-groups"];
        Skip.If((await Tools.RunAsync(setpriv, [.. asNobody, dotnet, "--list-runtimes"])).ExitCode != 0, "dotnet is in a folder other users may not enter");
        var copy = temp.Combine("program");
        (await Tools.RunAsync("cp", ["-rL", Path.GetDirectoryName(assembly.Location)!, copy])).EnsureSuccess();
        (await Tools.RunAsync("chmod", ["-R", "a+rX", copy])).EnsureSuccess();
        return ProcessUnderTest.Start(setpriv, [.. asNobody, dotnet, Path.Combine(copy, Path.GetFileName(assembly.Location)), .. arguments]);
    }
}
