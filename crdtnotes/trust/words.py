"""The 256 words used in pairing codes: short, common, and hard to confuse with one another."""

WORDS = tuple(
    # One text is easier to read and check than a list of quoted words.
    """
    acid actor album alley amber angle ankle apple april apron arena arrow atlas attic audio autumn
    bacon badge bagel baker bamboo banana banjo barrel basil basket beach beard beaver bench berry
    bicycle bishop bison blanket blossom board bonfire border bottle branch bread bridge bronze
    brush bubble bucket butter cabin cactus camel camera canal candle canoe canvas carbon carpet
    castle cello cement cherry chess chimney cinema circle citrus clay clock cloud clover cobalt
    coconut coffee comet copper coral cotton cousin crayon cricket crystal cupboard curtain cushion
    dagger daisy dance denim desert diamond dinner doctor dolphin donkey dragon drum eagle easel
    echo elbow elephant ember engine envelope eraser evening fabric falcon feather fender fiddle
    finger flannel flute forest fossil fox galaxy garage garden garlic ginger giraffe glacier glove
    goblet granite grape guitar hammer harbor hazel helmet heron hockey honey hotel iceberg igloo
    indigo island ivory jacket jaguar jasmine jewel jigsaw judge jungle kayak kernel kettle keyboard
    kitchen kite ladder lagoon lantern laser lemon library lizard lobster lotus magnet mango maple
    marble market meadow melon metal mirror monkey mosaic muffin museum mustard napkin nectar needle
    nickel noodle oasis ocean olive onion opera orbit orchid otter oyster paddle palace panda paper
    parrot pebble pencil pepper piano pickle pilot planet pocket pumpkin puzzle quarry quilt rabbit
    radar raven ribbon river robot rocket saddle salmon sandal saxophone scarf shadow silver spider
    sponge sunset tango teapot temple thunder ticket tiger timber tomato tunnel turtle umbrella
    vacuum valley velvet violin walnut whale window winter wizard yogurt zebra zipper cipher pigeon
    plum quartz raisin sailor
    """.split()  # noqa: SIM905
)
