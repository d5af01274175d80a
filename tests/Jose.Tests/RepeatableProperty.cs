using FsCheck;
using FsCheck.Fluent;
using Microsoft.FSharp.Core;

namespace IoTPlatform.Jose.Tests;

/// <summary>A property checked with the same values in every run.</summary>
internal static class RepeatableProperty
{
    public static void Holds<T1, T2>(Func<T1, T2, bool> property, int count = 200)
        => Holds<Tuple<T1, T2>>(pair => property(pair.Item1, pair.Item2), count);

    public static void Holds<T>(Func<T, bool> property, int count = 200)
        => Prop.ForAll(ArbMap.Default.ArbFor<T>(), property).Check(Config.QuickThrowOnFailure
            .WithMaxTest(count)
            .WithReplay(FSharpOption<Replay>.Some(new Replay(new Rnd(0x10743517, 0x2D), FSharpOption<int>.None))));
}
