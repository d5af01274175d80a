using System.Collections.Concurrent;
using IoTPlatform.LocalServices;

namespace IoTPlatform.Testing;

/// <summary>Children that the kernel ends with the test process. They are started on one thread that lives as long: Linux sends the parent-death signal when the forking thread ends.</summary>
public static class ForkThread
{
    private static readonly BlockingCollection<Action> Work = Start();

    public static Task<ProcessUnderTest> StartAsync(ServiceCommand command, string deathSignal = "KILL") => StartAsync(command.FileName, command.Arguments, command.Environment, deathSignal);

    /// <param name="deathSignal">What the child gets when this process ends: TERM where it has children of its own to end.</param>
    public static Task<ProcessUnderTest> StartAsync(string fileName, IEnumerable<string> arguments, IReadOnlyDictionary<string, string?>? environment = null, string deathSignal = "KILL")
    {
        var started = new TaskCompletionSource<ProcessUnderTest>(TaskCreationOptions.RunContinuationsAsynchronously);
        Work.Add(() =>
        {
            try
            {
                started.SetResult(ProcessUnderTest.Start("setpriv", ["--pdeathsig", deathSignal, fileName, .. arguments], environment, "/"));
            }
            catch (Exception e)
            {
                started.SetException(e);
            }
        });
        return started.Task;
    }

    private static BlockingCollection<Action> Start()
    {
        var work = new BlockingCollection<Action>();
        var thread = new Thread(() =>
        {
            foreach (var action in work.GetConsumingEnumerable())
            {
                action();
            }
        });
        thread.IsBackground = true;
        thread.Start();
        return work;
    }
}
